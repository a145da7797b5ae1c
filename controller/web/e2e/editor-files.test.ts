import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch, serious } from './browser';
import { cluster, type Cluster, until } from './cluster';
import { editor, lines, run, text, verdict } from './editor';

let place: Cluster;
let browser: Browser;
let folder: string;

beforeAll(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'ruche-app-')), 'app');
  await mkdir(join(folder, 'lib', 'deep'), { recursive: true });
  await mkdir(join(folder, '.git'));
  await writeFile(join(folder, 'main.py'), 'from lib.greet import greet\nprint(greet(), open("lib/deep/data.bin", "rb").read())\n');
  await writeFile(join(folder, 'lib', 'greet.py'), 'def greet():\n    return "hello from a folder"\n');
  await writeFile(join(folder, 'lib', 'deep', 'data.bin'), new Uint8Array([255, 0]));
  await writeFile(join(folder, '.git', 'HEAD'), 'x');
  [place, browser] = await Promise.all([cluster(), launch()]);
});
afterAll(async () => {
  await browser?.close();
  await place?.stop();
  await rm(join(folder, '..'), { recursive: true, force: true });
});

const files = (page: Page) => page.getByRole('navigation', { name: 'Files and folders' });
const file = (page: Page, name: string) => files(page).getByRole('button', { name, exact: true });
const openFolder = (page: Page): Promise<void> => page.locator('input[webkitdirectory]').setInputFiles(folder);

test('a folder is opened with its tree, and runs', async () => {
  const { page, errors } = await editor(browser, place.url);
  await openFolder(page);
  await file(page, 'main.py').waitFor();
  await page.getByText('Left out: .git').waitFor();
  await file(page, 'data.bin').click();
  await page.getByText('This file is not text (2 B).').waitFor();
  await page.getByLabel('Starts with').selectOption('main.py');
  await run(page);
  expect(await verdict(page)).toBe('OK');
  expect(await lines(page)).toEqual(["hello from a folder b'\\xff\\x00'"]);

  await file(page, 'greet.py').click();
  await until('its text', async () => (await text(page).textContent())?.includes('def greet'));
  await page.keyboard.press('F2');
  await page.getByLabel('New name of lib/greet.py').fill('hi.py');
  await page.keyboard.press('Enter');
  await file(page, 'hi.py').waitFor();
  await files(page).getByRole('button', { name: /^lib/ }).click();
  await file(page, 'data.bin').waitFor({ state: 'detached' });
  await page.reload();
  await file(page, 'hi.py').waitFor();
  expect(errors).toEqual([]);
  await page.context().close();
});

test('the tree is used without a mouse', async () => {
  const { page } = await editor(browser, place.url);
  await openFolder(page);
  await files(page).getByRole('button', { name: /^lib/ }).focus();
  await page.keyboard.press('Enter');
  await file(page, 'greet.py').waitFor({ state: 'detached' });
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await until('the file', async () => (await file(page, 'greet.py').getAttribute('aria-current')) === 'true');
  await page.context().close();
});

test('an archive is opened by the controller, and says what is wrong with it', async () => {
  const { page } = await editor(browser, place.url);
  const pick = (name: string, bytes: Buffer) => page.locator('input[type=file]:not([webkitdirectory])').setInputFiles([{ name, mimeType: 'application/octet-stream', buffer: bytes }]);
  await pick('good.tar', tar({ 'src/main.py': 'print("from a tar")\n', 'src/lib/a.txt': 'a' }));
  await file(page, 'main.py').waitFor();
  await run(page);
  expect(await verdict(page)).toBe('OK');
  expect(await lines(page)).toEqual(['from a tar']);
  await pick('bad.tar', tar({ '../escape.py': 'x' }));
  await page.getByText(/The archive was not opened: .*escape\.py/).waitFor();
  await pick('none.zip', Buffer.from('this is no zip'));
  await page.getByText(/The archive was not opened: /).nth(1).waitFor();
  await page.context().close();
});

test('axe finds nothing serious about a tree, and nothing is too wide', async () => {
  for (const look of [{}, { dark: true }, { width: 360, height: 740 }, { width: 360, height: 740, dark: true, locale: 'fr-FR' }]) {
    const { page } = await editor(browser, place.url, look);
    await openFolder(page);
    await page.locator('nav button.name', { hasText: 'main.py' }).waitFor();
    await page.locator('.toasts p').first().waitFor();
    expect(await serious(page), JSON.stringify(look)).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
    await page.context().close();
  }
});

/** A tar as the oldest programs wrote it: a header of 512 bytes before each file. */
function tar(entries: Record<string, string>): Buffer {
  const parts = Object.entries(entries).flatMap(([name, content]) => {
    const header = Buffer.alloc(512);
    const octal = (value: number, length: number): string => `${value.toString(8).padStart(length - 1, '0')}\0`;
    const fields: [number, string][] = [[0, name], [100, octal(0o644, 8)], [108, octal(0, 8)], [116, octal(0, 8)], [124, octal(content.length, 12)], [136, octal(0, 12)], [148, ' '.repeat(8)], [156, '0'], [257, 'ustar\0' + '00']];
    for (const [at, value] of fields) header.write(value, at, 'latin1');
    header.write(octal(header.reduce((sum, byte) => sum + byte, 0), 7) + ' ', 148, 'latin1');
    return [header, Buffer.from(content.padEnd(Math.ceil(content.length / 512) * 512, '\0'))];
  });
  return Buffer.concat([...parts, Buffer.alloc(1024)]);
}
