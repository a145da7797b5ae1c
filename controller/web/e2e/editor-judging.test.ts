import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch, serious } from './browser';
import { cluster, type Cluster, until } from './cluster';
import { editor, write } from './editor';

let place: Cluster;
let browser: Browser;

beforeAll(async () => {
  [place, browser] = await Promise.all([cluster(), launch()]);
});
afterAll(async () => {
  await browser?.close();
  await place?.stop();
});

const card = (page: Page, index: number) => page.locator('details.card').nth(index);
const judged = (page: Page) => page.getByLabel('Judged by');

async function tests(page: Page, program: string, ...given: [stdin: string, expected: string][]): Promise<void> {
  await write(page, program);
  await page.getByRole('tab', { name: /Tests/ }).click();
  for (const [index, [stdin, expected]] of given.entries()) {
    await page.getByRole('button', { name: 'Add a test' }).click();
    await card(page, index).getByLabel('Input (stdin)').fill(stdin);
    await card(page, index).getByLabel(/^Expected output/).fill(expected);
  }
}

async function runTests(page: Page, summary: string): Promise<void> {
  await page.getByRole('button', { name: 'Run tests' }).click();
  await page.getByText(summary).waitFor({ timeout: 40_000 });
}

/** Replaces the text of a checker or interactor. */
async function writeJudge(page: Page, what: string, program: string): Promise<void> {
  await page.getByRole('group', { name: what }).locator('.cm-content').click();
  await page.keyboard.press('ControlOrMeta+a');
  await page.keyboard.insertText(program);
}

test('words, numbers that are nearly the same, and lines in any order', async () => {
  const { page, errors } = await editor(browser, place.url);
  await tests(page, 'print(input())\nprint("b\\na")\n', ['0.30000001', ' 0.3  b\na']);
  await runTests(page, '0 of 1 passed');
  await page.getByText('It differs first in line 1.').waitFor();
  await judged(page).selectOption('tokens');
  await runTests(page, '0 of 1 passed');
  await page.getByText('It differs first in word 1: “0.3” was expected, “0.30000001” came.').waitFor();
  await judged(page).selectOption('float');
  await runTests(page, '1 of 1 passed');
  await page.getByLabel('May differ by').fill('0');
  await page.getByLabel('or by this part of it').fill('0');
  await runTests(page, '0 of 1 passed');
  await judged(page).selectOption('unordered_lines');
  await card(page, 0).getByLabel('Expected output').fill('a\nb\n0.30000001\n');
  await runTests(page, '1 of 1 passed');
  await page.reload();
  await page.getByRole('tab', { name: /Tests/ }).click();
  expect(await judged(page).inputValue()).toBe('unordered_lines');
  expect(errors).toEqual([]);
  await page.context().close();
});

test('a test may be compared in another way than the others', async () => {
  const { page } = await editor(browser, place.url);
  await tests(page, 'print("a ")\n', ['', 'a'], ['', 'a']);
  await card(page, 1).getByLabel('Comparison').selectOption('exact');
  await runTests(page, '1 of 2 passed');
  await card(page, 1).getByText('Failed').waitFor();
  await page.context().close();
});

test('points and groups make a score', async () => {
  const { page } = await editor(browser, place.url);
  await tests(page, 'print(1)\n', ['', '1'], ['', '1'], ['', '2']);
  await card(page, 0).getByLabel('Points').fill('2,5');
  await card(page, 1).getByLabel('Group').fill('g');
  await card(page, 2).getByLabel('Group').fill('g');
  await runTests(page, '2 of 3 passed');
  await page.getByText('Score 2.5 of 4.5').waitFor();
  await page.context().close();
});

test('several at once, and nothing after a failure', async () => {
  const { page } = await editor(browser, place.url);
  await tests(page, 'import time\ntime.sleep(0.2)\nprint(1)\n', ['', '2'], ['', '1'], ['', '1'], ['', '1']);
  await page.getByLabel('Stop at the first failure').check();
  await runTests(page, '0 of 4 passed');
  expect(await page.getByText('Not run').count()).toBe(3);
  await page.getByLabel('Stop at the first failure').uncheck();
  await page.getByLabel('At once').fill('65');
  await page.getByText('A whole number from 1 to 64.').waitFor();
  await page.getByLabel('At once').fill('4');
  await runTests(page, '3 of 4 passed');
  await page.context().close();
});

test('a checker of one’s own judges, partly too, and its words are shown', async () => {
  const { page, errors } = await editor(browser, place.url);
  await tests(page, 'print(input())\n', ['half', 'x'], ['right', 'x'], ['broken', 'x']);
  await judged(page).selectOption('custom');
  await writeJudge(page, 'Checker', 'import sys\nactual = open(sys.argv[2]).read().strip()\nprint(0.5)\nprint("so-so:", actual)\nsys.exit({"half": 7, "right": 0}.get(actual, 3))\n');
  await runTests(page, '1 of 3 passed');
  await card(page, 0).getByText('Partly right: 50 %').waitFor();
  await page.getByText('Score 1.5 of 3').waitFor();
  expect(await card(page, 0).getByRole('group', { name: 'What the checker says' }).textContent()).toContain('so-so: half');
  await card(page, 2).getByText('It gave no judgement').waitFor();
  await page.reload();
  await page.getByRole('tab', { name: /Tests/ }).click();
  await page.getByRole('group', { name: 'Checker' }).getByText('so-so').first().waitFor();
  expect(errors).toEqual([]);
  await page.context().close();
});

test('an interactor talks with the program', async () => {
  const { page } = await editor(browser, place.url);
  const guesses = 'low, high = 0, 1000\nwhile True:\n    n = (low + high) // 2\n    print(n, flush=True)\n    said = input()\n    if said == "right": break\n    if said == "higher": low = n + 1\n    else: high = n - 1\n';
  await tests(page, guesses);
  await page.getByRole('button', { name: 'Add a test' }).click();
  await card(page, 0).getByLabel('Input (stdin)').fill('437');
  await judged(page).selectOption('interactor');
  await page.getByRole('group', { name: 'Interactor' }).getByText('20 guesses').first().waitFor();
  await runTests(page, '1 of 1 passed');
  await write(page, 'for n in range(20): print(n, flush=True); input()\n');
  await runTests(page, '0 of 1 passed');
  expect(await card(page, 0).getByRole('group', { name: 'What the checker says' }).textContent()).toContain('20 guesses were not enough.');
  await page.context().close();
});

test('tests are loaded from pairs of files, by drop and by button', async () => {
  const { page } = await editor(browser, place.url);
  await tests(page, 'print(int(input()) * 2)\n');
  const given = { '2.in': '4', '2.out': '8', '10.in': '5', '10.ans': '11', 'alone.in': '1' };
  await page.locator('[data-takes-tests]').evaluate((target, files) => {
    const data = new DataTransfer();
    for (const [name, content] of Object.entries(files)) data.items.add(new File([content], name));
    for (const type of ['dragenter', 'dragover', 'drop']) target.dispatchEvent(new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true }));
  }, given);
  await page.getByText('2 tests were loaded.').waitFor();
  await page.getByText('alone.in has no partner and was left out.').waitFor();
  expect(await page.locator('details.card .name').allTextContents()).toEqual(['2', '10']);
  await runTests(page, '1 of 2 passed');

  const many = Array.from({ length: 60 }, (_, n) => [{ name: `${n}.in`, content: `${n}` }, { name: `${n}.out`, content: `${n === 30 ? 1 : 2 * n}` }]).flat();
  const files = many.map(({ name, content }) => ({ name, mimeType: 'text/plain', buffer: Buffer.from(content) }));
  await page.locator('[data-takes-tests] input[type=file]').setInputFiles(files);
  await page.getByText('60 tests were loaded.').waitFor();
  await runTests(page, '59 of 60 passed');
  // Only what failed is open, and it says where it differs.
  await until('the failed test', async () => (await page.locator('details.card[open]').count()) === 1);
  await page.locator('details.card[open]').getByText('It differs first in line 1.').waitFor();
  await page.getByRole('button', { name: 'Undo' }).last().click();
  await until('the tests of before', async () => (await page.locator('details.card').count()) === 2);
  await page.context().close();
}, 120_000);

test('axe finds nothing serious about judging, and nothing is too wide', async () => {
  for (const look of [{}, { dark: true }, { width: 360, height: 740 }, { width: 360, height: 740, dark: true }]) {
    const { page } = await editor(browser, place.url, look);
    await tests(page, 'print("a b")\n', ['', 'a c'], ['', 'a b']);
    await judged(page).selectOption('float');
    await runTests(page, '1 of 2 passed');
    await judged(page).selectOption('custom');
    await page.getByRole('group', { name: 'Checker' }).locator('.cm-content').waitFor();
    expect(await serious(page), JSON.stringify(look)).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
    await page.context().close();
  }
}, 120_000);
