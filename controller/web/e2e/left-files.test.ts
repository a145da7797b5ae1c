import { readFile } from 'node:fs/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch, open, serious } from './browser';
import { cluster, type Cluster, until } from './cluster';
import { editor, run, verdict, write } from './editor';
import { Api, python } from './jobs';

let place: Cluster;
let browser: Browser;

beforeAll(async () => {
  [place, browser] = await Promise.all([cluster(), launch()]);
});
afterAll(async () => {
  await browser?.close();
  await place?.stop();
});

/** Draws, and leaves what may do harm: a picture that would run a script, and a page. */
const DRAWS = `import os, struct, zlib
def chunk(kind, data): return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
rows = b"".join(b"\\0" + b"\\xe0\\x92\\x00" * 40 for _ in range(30))
os.mkdir("out")
with open("out/a b#.png", "wb") as file:
    file.write(b"\\x89PNG\\r\\n\\x1a\\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 40, 30, 8, 2, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))
open("out/evil.svg", "w").write('<svg xmlns="http://www.w3.org/2000/svg" width="20" height="10"><script>parent.harmed = 1; top.harmed = 1</script><rect width="20" height="10"/></svg>')
open("out/evil.html", "w").write("<script>top.harmed = 1</script>")
open("out/broken.png", "w").write("no picture")
open("out/words.txt", "w").write("words\\n")
open("other.txt", "w").write("not wanted")
`;

const left = (page: Page) => page.getByRole('region', { name: 'Files that it left' });

async function isWhole(page: Page): Promise<void> {
  const picture = left(page).getByRole('img', { name: 'out/a b#.png' });
  await until('the picture', () => picture.evaluate((image) => (image as HTMLImageElement).naturalWidth === 40));
  await until('the drawing', () => left(page).getByRole('img', { name: 'out/evil.svg' }).evaluate((image) => (image as HTMLImageElement).naturalWidth > 0));
  // What is called like a picture and is none stands among the files.
  await until('the broken picture to go', async () => (await left(page).getByRole('img').count()) === 2);
  const names = await left(page).getByRole('link').allTextContents();
  expect(names.sort()).toEqual(['out/a b#.png', 'out/broken.png', 'out/evil.html', 'out/evil.svg', 'out/words.txt']);
  const [file] = await Promise.all([page.waitForEvent('download'), left(page).getByRole('link', { name: 'out/words.txt' }).click()]);
  expect(file.suggestedFilename()).toBe('words.txt');
  expect(await readFile(await file.path(), 'utf8')).toBe('words\n');
  expect(await page.evaluate(() => (globalThis as { harmed?: number }).harmed)).toBeUndefined();
}

test('pictures are shown under the run, and every file is offered', async () => {
  const { page, errors } = await editor(browser, place.url);
  await write(page, DRAWS);
  await page.getByLabel('Files to keep').fill('out/**');
  await run(page);
  expect(await verdict(page)).toBe('OK');
  await isWhole(page);
  for (const size of [{ width: 1280, height: 800 }, { width: 360, height: 740 }]) {
    await page.setViewportSize(size);
    expect(await serious(page)).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
  }
  await page.reload();
  await until('the pattern', async () => (await page.getByLabel('Files to keep').inputValue()) === 'out/**');
  expect(errors).toEqual([]);
  await page.context().close();
});

test('the job’s page and whoever has a link to it show the same', async () => {
  const api = new Api(place);
  const id = await api.run(python(DRAWS, { artifacts: ['out/**'] }));
  const { page } = await open(browser, `${place.url}/#/jobs/${id}`);
  await isWhole(page);
  expect(await serious(page)).toEqual([]);
  const { token } = await api.call<{ token: string }>('POST', `/jobs/${id}/share`);
  const { page: theirs } = await open(browser, `${place.url}/#/shared/${token}`, { dark: true, width: 360, height: 740 });
  await isWhole(theirs);
  expect(await serious(theirs)).toEqual([]);
  await Promise.all([page.context().close(), theirs.context().close()]);
});

test('each test has the files that its own run left', async () => {
  const { page } = await editor(browser, place.url);
  await write(page, 'name = input()\nopen("said.txt", "w").write(name)\nprint(name)\n');
  await page.getByLabel('Files to keep').fill('*.txt');
  await page.getByRole('tab', { name: /Tests/ }).click();
  for (const name of ['one', 'two']) {
    await page.getByRole('button', { name: 'Add a test' }).click();
    await page.getByLabel('Input (stdin)').last().fill(name);
    await page.getByLabel('Expected output').last().fill('two');
  }
  await page.getByRole('button', { name: 'Run tests' }).click();
  await page.getByText('1 of 2 passed').waitFor();
  await page.locator('details.card').nth(1).locator('summary').click();
  const texts: string[] = [];
  for (const index of [0, 1]) {
    const link = page.locator('details.card').nth(index).getByRole('link', { name: 'said.txt' });
    const [file] = await Promise.all([page.waitForEvent('download'), link.click()]);
    texts.push(await readFile(await file.path(), 'utf8'));
  }
  expect(texts).toEqual(['one', 'two']);
  await page.context().close();
});
