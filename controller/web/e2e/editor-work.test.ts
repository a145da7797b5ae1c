import { readFile } from 'node:fs/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch } from './browser';
import { cluster, type Cluster, until } from './cluster';
import { choose, editor, lines, run, text, verdict, write } from './editor';

let place: Cluster;
let browser: Browser;

beforeAll(async () => {
  [place, browser] = await Promise.all([cluster(), launch()]);
});
afterAll(async () => {
  await browser?.close();
  await place?.stop();
});

const file = (page: Page, name: string) => page.getByRole('list', { name: 'Files of the program' }).getByRole('button', { name, exact: true });

async function drop(page: Page, files: Record<string, string | number[]>): Promise<void> {
  await text(page).evaluate((target, given) => {
    const data = new DataTransfer();
    for (const [name, content] of Object.entries(given)) {
      data.items.add(new File([typeof content === 'string' ? content : new Uint8Array(content)], name));
    }
    for (const type of ['dragenter', 'dragover', 'drop']) {
      target.dispatchEvent(new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true }));
    }
  }, files);
}

test('the work is there after a reload', async () => {
  const { page } = await editor(browser, place.url);
  await choose(page, 'c');
  await write(page, '// mine\n');
  await page.getByLabel('Input (stdin)').fill('1 2 3');
  await page.getByLabel('Arguments').fill('-x');
  await page.getByLabel('CPU time (s)').fill('2');
  await page.reload();
  await until('the text', async () => (await text(page).textContent()) === '// mine');
  expect(await page.getByLabel('Language of the program').inputValue()).toBe('c');
  expect(await page.getByLabel('Input (stdin)').inputValue()).toBe('1 2 3');
  expect(await page.getByLabel('Arguments').inputValue()).toBe('-x');
  expect(await page.getByLabel('CPU time (s)').inputValue()).toBe('2');
  await page.context().close();
});

test('nothing is lost by a fresh start or another language', async () => {
  const { page } = await editor(browser, place.url);
  await write(page, 'print("mine")\n');
  await choose(page, 'java');
  await page.getByText('Your files stay as they are.').waitFor();
  expect(await text(page).textContent()).toContain('mine');
  await page.getByRole('button', { name: 'Start from the Java example' }).click();
  await until('the example', async () => (await text(page).textContent())?.includes('Hello from Java!'));
  await page.getByRole('button', { name: 'Undo' }).click();
  await until('the work', async () => (await text(page).textContent())?.includes('mine'));
  await page.getByRole('button', { name: 'New' }).click();
  await until('a fresh start', async () => !(await text(page).textContent())?.includes('mine'));
  await page.getByRole('button', { name: 'Undo' }).click();
  await until('the work again', async () => (await text(page).textContent())?.includes('mine'));
  await page.context().close();
});

test('files are opened by dropping them, edited, renamed, closed and downloaded', async () => {
  const { page, errors } = await editor(browser, place.url);
  await drop(page, { 'app.py': 'from helper import greet\nprint(greet())\n', 'helper.py': 'def greet():\n    return open("data.bin", "rb").read()\n', 'data.bin': [255, 0] });
  await file(page, 'app.py').waitFor();
  expect(await text(page).textContent()).toContain('from helper import greet');
  await file(page, 'data.bin').click();
  await page.getByText('This file is not text (2 B).').waitFor();
  await page.getByLabel('Starts with').selectOption('app.py');
  await run(page);
  expect(await verdict(page)).toBe('OK');
  expect(await lines(page)).toEqual(["b'\\xff\\x00'"]);

  await file(page, 'helper.py').click();
  await page.keyboard.press('F2');
  await page.getByLabel('New name of helper.py').fill('app.py');
  await page.getByText('Another file has this name.').waitFor();
  await page.getByLabel('New name of helper.py').fill('tools.py');
  await page.keyboard.press('Enter');
  await file(page, 'tools.py').waitFor();
  const [saved] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Download', exact: true }).click()]);
  expect(saved.suggestedFilename()).toBe('tools.py');
  expect(await readFile(await saved.path(), 'utf8')).toContain('def greet');

  await page.getByRole('button', { name: 'Close tools.py' }).click();
  await file(page, 'tools.py').waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Undo' }).click();
  await file(page, 'tools.py').waitFor();
  expect(errors).toEqual([]);
  await page.context().close();
});

test('files are opened by the button, each with a history of its own', async () => {
  const { page } = await editor(browser, place.url);
  await write(page, 'mine = 1\n');
  await page.locator('input[type=file]:not([webkitdirectory])').setInputFiles([{ name: 'other.py', mimeType: 'text/plain', buffer: Buffer.from('theirs = 2\n') }]);
  await until('the other file', async () => (await text(page).textContent())?.includes('theirs'));
  await page.keyboard.press('Control+End');
  await text(page).click();
  await page.keyboard.insertText('# more');
  await file(page, 'main.py').click();
  await until('the first file', async () => (await text(page).textContent())?.includes('mine'));
  await text(page).click();
  await page.keyboard.press('Control+z');
  await until('the undone change', async () => (await text(page).textContent())?.includes('Hello from Python'));
  await file(page, 'other.py').click();
  await until('the other change', async () => (await text(page).textContent())?.includes('# more'));
  await page.context().close();
});

test('a program that another page hands over is opened, and can be undone', async () => {
  const { page } = await editor(browser, place.url);
  await write(page, 'mine = 1\n');
  await page.evaluate(() => {
    const spec = { language: 'python', files: [{ path: 'given.py', content: 'given = 1\n' }], stdin: '5', args: ['a b'] };
    sessionStorage.setItem('ruche.open', JSON.stringify(spec));
    location.hash = '#/jobs';
  });
  await page.getByRole('link', { name: 'Program' }).click();
  await file(page, 'given.py').waitFor();
  expect(await page.getByLabel('Input (stdin)').inputValue()).toBe('5');
  expect(await page.getByLabel('Arguments').inputValue()).toBe("'a b'");
  await page.getByRole('button', { name: 'Undo' }).click();
  await until('the work', async () => (await text(page).textContent())?.includes('mine'));
  await page.context().close();
});

test('the program of a job is opened by its address', async () => {
  const spec = { language: 'python', files: [{ path: 'old.py', content: 'print("old")\n' }] };
  const headers = { 'content-type': 'application/json', 'x-ruche': '1' };
  const answer = await fetch(`${place.url}/api/v1/jobs`, { method: 'POST', headers, body: JSON.stringify(spec) });
  const { id } = (await answer.json()) as { id: string };
  const { page } = await editor(browser, `${place.url}/#/?from=${id}`);
  await file(page, 'old.py').waitFor();
  expect(new URL(page.url()).hash).toBe('#/');
  await page.context().close();
});

test('Tab indents as the language does, and Escape then Tab leaves', async () => {
  const { page } = await editor(browser, place.url);
  await write(page, 'if True:');
  await page.keyboard.press('Enter');
  await page.keyboard.insertText('x');
  await page.keyboard.press('Tab');
  expect(await page.locator('.cm-line').nth(1).textContent()).toBe('        x');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Tab');
  expect(await page.evaluate(() => document.activeElement?.classList.contains('cm-content'))).toBe(false);
  await page.context().close();
});

test('text grows for a projector, and the halves are moved by keys; both are remembered', async () => {
  const { page } = await editor(browser, place.url);
  const size = () => text(page).evaluate((element) => parseFloat(getComputedStyle(element).fontSize));
  const before = await size();
  for (let n = 0; n < 5; n += 1) await page.getByRole('button', { name: 'Larger text' }).click();
  expect(await size()).toBe(before + 5);
  const bar = page.getByRole('separator', { name: 'Width of the editor' });
  const width = Number(await bar.getAttribute('aria-valuenow'));
  await bar.focus();
  await page.keyboard.press('ArrowLeft');
  expect(Number(await bar.getAttribute('aria-valuenow'))).toBe(width - 2);
  await page.reload();
  await text(page).waitFor();
  expect(await size()).toBe(before + 5);
  expect(Number(await bar.getAttribute('aria-valuenow'))).toBe(width - 2);
  await page.context().close();
});

test('a link shares the run, and is in the clipboard', async () => {
  const { page } = await editor(browser, place.url);
  const share = page.getByRole('button', { name: 'Share' });
  expect(await share.isDisabled()).toBe(true);
  await run(page);
  await verdict(page);
  await share.click();
  const link = await page.getByLabel('Link to share').inputValue();
  expect(link).toMatch(/\/#\/shared\/\w+/);
  await page.getByText('The link is in the clipboard.').waitFor();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(link);
  const token = link.split('/').at(-1);
  const seen = (await (await fetch(`${place.url}/api/v1/shared/${token}`)).json()) as { spec: { files: { content: string }[] } };
  expect(seen.spec.files[0]?.content).toContain('Hello from Python!');
  await page.context().close();
});
