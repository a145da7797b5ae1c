import { readFile } from 'node:fs/promises';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch } from './browser';
import { cluster, type Cluster, fullName, until } from './cluster';
import { choose, cursorLine, editor, lines, output, run, text, verdict, write } from './editor';

let place: Cluster;
let browser: Browser;

beforeAll(async () => {
  [place, browser] = await Promise.all([cluster(), launch()]);
});
afterAll(async () => {
  await browser?.close();
  await place?.stop();
});

test('the first program runs by Ctrl+Enter, and what came of it is said', async () => {
  const { page, errors } = await editor(browser, place.url);
  await text(page).click();
  await page.keyboard.press('Control+Enter');
  expect(await verdict(page)).toBe('OK');
  expect(await lines(page)).toContain('5 squared is 25');
  await page.getByText('exit 0').waitFor();
  await page.getByText(`on ${fullName('lab-1')}`).waitFor();
  for (const meter of ['CPU', 'Memory', 'Time']) await page.getByRole('meter', { name: meter }).waitFor();
  expect(await page.getByRole('meter', { name: 'Memory' }).getAttribute('aria-valuetext')).toMatch(/ \/ 256 MB$/);
  expect(await page.getByRole('link', { name: 'Job page' }).getAttribute('href')).toMatch(/^#\/jobs\/.+/);
  expect(errors).toEqual([]);
  await page.context().close();
});

test('each language has a first program that runs', async () => {
  const { page } = await editor(browser, place.url);
  for (const [id, greeting] of [['c', 'Hello from C!'], ['cpp', 'Hello from C++!'], ['java', 'Hello from Java!']] as const) {
    await choose(page, id);
    await until(`the example in ${id}`, async () => (await text(page).textContent())?.includes(greeting));
    await run(page);
    expect(await verdict(page)).toBe('OK');
    expect(await lines(page)).toContain(greeting);
  }
  await page.context().close();
});

test('output appears while the program runs, the two outputs told apart, and Stop ends it', async () => {
  const { page } = await editor(browser, place.url);
  await write(page, 'import sys, time\nprint("to stdout")\nprint("to stderr", file=sys.stderr)\nwhile True: time.sleep(0.1)\n');
  await run(page);
  await output(page).locator('.stdout', { hasText: 'to stdout' }).waitFor();
  const error = output(page).locator('.stderr', { hasText: 'to stderr' });
  expect(await error.textContent()).toContain('err');
  await page.locator('.status .badge', { hasText: 'Running' }).waitFor();
  await page.getByRole('button', { name: 'Stop' }).click();
  expect(await verdict(page)).toBe('Stopped');
  await page.getByRole('button', { name: 'Run', exact: true }).waitFor();
  await page.context().close();
});

test('input and arguments come to the program', async () => {
  const { page } = await editor(browser, place.url);
  await write(page, 'import sys\nprint(sys.argv[1:])\nprint(sum(map(int, sys.stdin.read().split())))\n');
  await page.getByLabel('Input (stdin)').fill('20 22\n');
  await page.getByLabel('Arguments').fill(`-n "two words" 'it'`);
  await run(page);
  expect(await verdict(page)).toBe('OK');
  expect(await lines(page)).toEqual(["['-n', 'two words', 'it']", '42']);
  await page.getByLabel('Arguments').fill('"open');
  await page.getByText('A " is not closed.').first().waitFor();
  await page.context().close();
});

test('a compile error leads to its line, which is marked', async () => {
  const { page } = await editor(browser, place.url);
  await choose(page, 'c');
  await write(page, '#include <stdio.h>\n\nint main(void) {\n    int x = 1\n    return x;\n}\n');
  await page.keyboard.press('Control+Home');
  await run(page);
  expect(await verdict(page)).toBe('Compile error');
  await page.locator('.cm-lint-marker-error').waitFor();
  const link = output(page).getByRole('button', { name: /^main\.c:\d+/ }).first();
  const line = Number(/:(\d+)/.exec((await link.textContent()) ?? '')?.[1]);
  await link.click();
  expect(await cursorLine(page)).toBe(line);
  expect(await page.evaluate(() => document.activeElement?.classList.contains('cm-content'))).toBe(true);
  await page.context().close();
});

test('a Python traceback and a Java exception lead to their lines', async () => {
  const { page } = await editor(browser, place.url);
  await write(page, 'def f():\n    return 1 / 0\n\nf()\n');
  await run(page);
  expect(await verdict(page)).toBe('Run-time error');
  await output(page).getByRole('button', { name: /line 2/ }).click();
  expect(await cursorLine(page)).toBe(2);
  await page.locator('.cm-lint-marker-error').waitFor();
  await page.getByRole('button', { name: 'New' }).click();
  await choose(page, 'java');
  await write(page, 'public class Main {\n  public static void main(String[] a) {\n    System.out.println(a[3]);\n  }\n}\n');
  await run(page);
  expect(await verdict(page)).toBe('Run-time error');
  await output(page).getByRole('button', { name: 'Main.java:3' }).click();
  expect(await cursorLine(page)).toBe(3);
  await page.context().close();
});

test('limits are those of the language until somebody sets others', async () => {
  const { page } = await editor(browser, place.url);
  const cpu = page.getByLabel('CPU time (s)');
  expect(await cpu.getAttribute('placeholder')).toBe('5');
  await cpu.fill('1000000');
  await page.getByText(/^at most 60$/).waitFor();
  await cpu.fill('1');
  await write(page, 'while True: pass\n');
  await run(page);
  expect(await verdict(page)).toBe('CPU time limit');
  await page.getByText('It ended because of a limit.').waitFor();
  expect(await page.getByRole('meter', { name: 'CPU' }).getAttribute('aria-valuetext')).toMatch(/ \/ 1 s$/);
  await page.context().close();
});

test('a refused submission says why, and which field is at fault', async () => {
  const { page } = await editor(browser, place.url);
  await page.getByLabel('Memory (MB)').fill('9000000');
  await run(page);
  const alert = page.getByRole('alert').filter({ hasText: 'It was not taken' });
  await alert.waitFor();
  expect(await alert.textContent()).toContain('memory_bytes');
  await page.context().close();
});

test('somebody types to a program while it runs', async () => {
  const { page, errors } = await editor(browser, place.url);
  await page.getByLabel('Type while it runs (terminal)').check();
  await write(page, 'name = input("Name? ")\nprint("Hello,", name)\nimport sys\nprint("rest:", sys.stdin.read().split())\n');
  await run(page);
  const screen = page.locator('.xterm-rows');
  await until('the question', async () => (await screen.textContent())?.includes('Name?'));
  await page.getByRole('textbox', { name: /^Terminal/ }).focus();
  await page.keyboard.type('Adx');
  await page.keyboard.press('Backspace');
  await page.keyboard.type('a\n');
  await until('the answer', async () => (await screen.textContent())?.includes('Hello, Ada'));
  await page.keyboard.type('one two\n');
  await page.keyboard.press('Control+d');
  expect(await verdict(page)).toBe('OK');
  await until('the rest', async () => (await screen.textContent())?.includes("rest: ['one', 'two']"));
  expect(errors).toEqual([]);

  await write(page, 'while True: input()\n');
  await run(page);
  await page.locator('.status .badge', { hasText: 'Running' }).waitFor();
  await page.getByRole('textbox', { name: /^Terminal/ }).focus();
  await page.keyboard.press('Control+c');
  expect(await verdict(page)).toBe('Stopped');
  await page.context().close();
});

test('100,000 lines neither freeze the page nor fill it', async () => {
  const { page, errors } = await editor(browser, place.url);
  await write(page, 'import sys, time\nfor n in range(100_000):\n    sys.stdout.write(f"{n}\\n")\nsys.stdout.flush()\n');
  await page.evaluate(() => {
    const longest = { ms: 0 };
    let last = performance.now();
    setInterval(() => {
      const now = performance.now();
      longest.ms = Math.max(longest.ms, now - last);
      last = now;
    }, 10);
    Object.assign(globalThis, { longest });
  });
  await run(page);
  expect(await verdict(page)).toBe('OK');
  await page.getByText('100,000 lines').waitFor();
  const blocked = await page.evaluate(() => (globalThis as unknown as { longest: { ms: number } }).longest.ms);
  console.log(`100,000 lines: the page was never busy for longer than ${blocked.toFixed(0)} ms`);
  expect(blocked).toBeLessThan(200);
  expect(await output(page).locator('.line').count()).toBeLessThan(150);
  await until('the last line', async () => (await lines(page)).includes('99999'));
  await output(page).focus();
  await page.keyboard.press('Control+Home');
  await until('the first line', async () => (await lines(page)).includes('0'));
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Download output' }).click()]);
  const written = await readFile(await file.path(), 'utf8');
  expect(written.split('\n')).toHaveLength(100_001);
  expect(errors).toEqual([]);
  await page.context().close();
});

test('what is too much is said', async () => {
  const { page } = await editor(browser, place.url);
  await write(page, 'while True: print("x" * 1000)\n');
  await run(page);
  expect(await verdict(page)).toBe('Output limit');
  await page.getByText('The output was cut off.').waitFor();
  await page.context().close();
});

test('who comes too often is told when to try again', async () => {
  const { page } = await editor(browser, place.url);
  const body = { status: 429, title: 'too many requests', detail: 'too many jobs at once', retry_after: 3 };
  await page.route('**/api/v1/jobs', (route) => route.fulfill({ status: 429, contentType: 'application/problem+json', body: JSON.stringify(body) }), { times: 1 });
  await run(page);
  await page.getByRole('alert').getByText('too many jobs at once').waitFor();
  expect(await page.getByRole('button', { name: /^Try again in \d s$/ }).isDisabled()).toBe(true);
  await page.getByRole('button', { name: 'Try again', exact: true }).click();
  expect(await verdict(page)).toBe('OK');
  await page.context().close();
});

test('a program that is too large is not even sent, and a file that is too large not even opened', async () => {
  const { page } = await editor(browser, place.url);
  const { max_body } = (await (await fetch(`${place.url}/api/v1/settings`)).json()) as { max_body: number };
  const open = (name: string, size: number) =>
    page.locator('input[type=file]:not([webkitdirectory])').setInputFiles([{ name, mimeType: 'application/octet-stream', buffer: Buffer.alloc(size, 0xff) }]);
  await open('huge.bin', max_body + 1);
  await page.getByText(/this cluster takes at most/).waitFor();
  expect(await page.getByRole('button', { name: 'huge.bin' }).count()).toBe(0);
  await page.getByRole('button', { name: 'Close', exact: true }).click();

  for (const name of ['big.bin', 'bigger.bin']) await open(name, Math.ceil(max_body * 0.6));
  await page.getByText('This program is too large to be kept by the browser').waitFor();
  await run(page);
  await page.getByText(/The program has .*; this cluster takes at most/).waitFor();
  await page.context().close();
});
