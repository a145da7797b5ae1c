import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch, serious } from './browser';
import { cluster, type Cluster, until } from './cluster';
import { choose, editor, lines, output, run, verdict, write } from './editor';

let place: Cluster;
let browser: Browser;

beforeAll(async () => {
  [place, browser] = await Promise.all([cluster(), launch()]);
});
afterAll(async () => {
  await browser?.close();
  await place?.stop();
});

const screen = (page: Page) => page.locator('.xterm-rows');
const shows = (page: Page, text: string) => until(text, async () => (await screen(page).textContent())?.includes(text));
const keyboard = (page: Page) => page.getByRole('textbox', { name: /^Terminal/ });

async function interactive(page: Page, isTerminal: boolean): Promise<void> {
  await page.getByLabel('Type while it runs (terminal)').check();
  if (isTerminal) await page.getByLabel('Every key goes to the program').check();
  await screen(page).waitFor();
}

test('a program in C asks at a terminal without flushing, and hears every key', async () => {
  const { page, errors } = await editor(browser, place.url);
  await choose(page, 'c');
  await write(page, '#include <stdio.h>\n#include <unistd.h>\nint main(void) { char name[80]; printf("Name? "); scanf("%79s", name); printf("Hello %s, %d\\n", name, isatty(0)); }\n');
  await interactive(page, true);
  await run(page);
  await shows(page, 'Name?');
  await keyboard(page).focus();
  await page.keyboard.type('Adx');
  await page.keyboard.press('Backspace');
  await page.keyboard.type('a\n');
  await shows(page, 'Hello Ada, 1');
  expect(await verdict(page)).toBe('OK');
  expect(errors).toEqual([]);
  await page.context().close();
});

test('Ctrl+C and Tab go to the program; F6 leaves the terminal', async () => {
  const { page } = await editor(browser, place.url);
  await write(page, 'import sys, termios, tty\ntry:\n    print("ready", flush=True)\n    while True: input()\nexcept KeyboardInterrupt:\n    print("interrupted")\ntty.setcbreak(0)\nprint("key:", repr(sys.stdin.read(1)))\n');
  await interactive(page, true);
  await run(page);
  await shows(page, 'ready');
  await keyboard(page).focus();
  await page.keyboard.press('Control+c');
  await shows(page, 'interrupted');
  await page.keyboard.press('F6');
  expect(await keyboard(page).evaluate((element) => element === document.activeElement)).toBe(false);
  await keyboard(page).focus();
  await page.keyboard.press('Tab');
  await shows(page, "key: '\\t'");
  expect(await verdict(page)).toBe('OK');
  await page.context().close();
});

test('the program knows how large the terminal is, and that it changes', async () => {
  const { page } = await editor(browser, place.url);
  await write(page, 'import os, signal, time\ndef say(*_): print("size", os.get_terminal_size().columns, flush=True)\nsignal.signal(signal.SIGWINCH, say)\nsay()\nwhile True: time.sleep(0.1)\n');
  await interactive(page, true);
  await run(page);
  const sizes = async (): Promise<number[]> => [...((await screen(page).textContent()) ?? '').matchAll(/size (\d+)/g)].map(([, columns]) => Number(columns));
  const [first = 0] = await until('a size', async () => ((await sizes()).length > 0 ? sizes() : undefined));
  expect(first).toBeGreaterThan(20);
  await page.setViewportSize({ width: 1000, height: 700 });
  await until('a smaller size', async () => (await sizes()).some((columns) => columns < first));
  await page.getByRole('button', { name: 'Stop' }).click();
  expect(await verdict(page)).toBe('Stopped');
  await page.context().close();
});

test('without a terminal, a button sends what Ctrl-C would', async () => {
  const { page } = await editor(browser, place.url);
  await write(page, 'try:\n    print("ready", flush=True)\n    input()\nexcept KeyboardInterrupt:\n    print("interrupted")\n');
  await interactive(page, false);
  await run(page);
  await shows(page, 'ready');
  await page.getByRole('button', { name: 'Send Ctrl-C' }).click();
  await shows(page, 'interrupted');
  expect(await verdict(page)).toBe('OK');
  await page.context().close();
});

const TICKS = 'import time\nfor n in range(60):\n    print("tick", n, flush=True)\n    time.sleep(0.1)\n';

test('after a reload, a run is followed to its end, with all that it wrote', async () => {
  const { page, errors } = await editor(browser, place.url);
  await write(page, TICKS);
  await run(page);
  await output(page).getByText('tick 5', { exact: true }).waitFor();
  await page.reload();
  await page.getByRole('button', { name: 'Stop' }).waitFor();
  expect(await verdict(page)).toBe('OK');
  await page.getByText('60 lines').waitFor();
  await until('the last line', async () => (await lines(page)).includes('tick 59'));
  await page.reload();
  await page.getByText('What the program writes appears here.').waitFor();
  expect(errors).toEqual([]);
  await page.context().close();
});

test('after a reload, somebody goes on typing where they were', async () => {
  const { page } = await editor(browser, place.url);
  await write(page, 'while (line := input("? ")) != "end": print("got", line)\n');
  await interactive(page, false);
  await run(page);
  await shows(page, '?');
  await keyboard(page).focus();
  await page.keyboard.type('one\n');
  await shows(page, 'got one');
  await page.reload();
  await shows(page, 'got one');
  await keyboard(page).focus();
  await page.keyboard.type('two\nend\n');
  await shows(page, 'got two');
  expect(await verdict(page)).toBe('OK');
  await page.context().close();
});

test('after a reload, tests go on', async () => {
  const { page } = await editor(browser, place.url);
  await write(page, 'import time\ntime.sleep(1)\nprint(input())\n');
  await page.getByRole('tab', { name: /Tests/ }).click();
  for (let n = 0; n < 4; n += 1) await page.getByRole('button', { name: 'Add a test' }).click();
  for (let n = 0; n < 4; n += 1) {
    await page.locator('details.card').nth(n).getByLabel('Input (stdin)').fill('x');
    await page.locator('details.card').nth(n).getByLabel('Expected output').fill(n === 3 ? 'y' : 'x');
  }
  await page.getByRole('button', { name: 'Run tests' }).click();
  await page.locator('details.card').first().getByText('Passed').waitFor();
  await page.reload();
  await page.getByText('3 of 4 passed').waitFor();
  await page.getByText('It differs first in line 1.').waitFor();
  await page.context().close();
});

test('axe finds nothing serious about the terminal while it is used', async () => {
  for (const look of [{}, { dark: true, width: 360, height: 740 }]) {
    const { page } = await editor(browser, place.url, look);
    await write(page, 'print("\\x1b[31mred\\x1b[0m"); input()\n');
    await interactive(page, true);
    await run(page);
    await shows(page, 'red');
    expect(await serious(page), JSON.stringify(look)).toEqual([]);
    await page.getByRole('button', { name: 'Stop' }).click();
    expect(await verdict(page)).toBe('Stopped');
    await page.context().close();
  }
});
