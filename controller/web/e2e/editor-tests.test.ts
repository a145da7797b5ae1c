import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch } from './browser';
import { cluster, type Cluster, until } from './cluster';
import { choose, editor, output, run, verdict, write } from './editor';

let place: Cluster;
let browser: Browser;

beforeAll(async () => {
  [place, browser] = await Promise.all([cluster(), launch()]);
});
afterAll(async () => {
  await browser?.close();
  await place?.stop();
});

const ADDS = 'a, b = map(int, input().split())\nprint("sum")\nprint(a + b)\n';

/** A test's card, by its place. */
const card = (page: Page, index: number) => page.locator('details.card').nth(index);

async function fill(page: Page, index: number, stdin: string, expected: string): Promise<void> {
  await card(page, index).getByLabel('Input (stdin)').fill(stdin);
  await card(page, index).getByLabel('Expected output').fill(expected);
}

async function tests(page: Page): Promise<void> {
  await page.getByRole('tab', { name: /Tests/ }).click();
}

test('tests run all at once; what differs is shown line by line', async () => {
  const { page, errors } = await editor(browser, place.url);
  await write(page, ADDS);
  await tests(page);
  for (let n = 0; n < 3; n += 1) await page.getByRole('button', { name: 'Add a test' }).click();
  await fill(page, 0, '1 2', 'sum\n3');
  await fill(page, 1, '2 2', 'sum\n5\n');
  await fill(page, 2, 'x', 'sum');
  await page.getByRole('button', { name: 'Run tests' }).click();
  await page.getByText('1 of 3 passed').waitFor();
  await card(page, 0).getByText('Passed').waitFor();
  await card(page, 1).getByText('Failed').waitFor();
  await card(page, 2).getByText('Run-time error').waitFor();
  expect(await card(page, 1).locator('.missing').textContent()).toContain('5');
  expect(await card(page, 1).locator('.extra').textContent()).toContain('4');
  expect(await card(page, 0).locator('.used').textContent()).toMatch(/ms · .*B/);

  await card(page, 1).getByLabel('Expected output').fill('sum\n4');
  await card(page, 2).getByRole('button', { name: 'Remove' }).click();
  await page.keyboard.press('Control+Enter');
  await page.getByText('2 of 2 passed').waitFor();
  await page.getByRole('button', { name: 'Undo' }).click();
  await until('the removed test', async () => (await page.locator('details.card').count()) === 3);
  expect(errors).toEqual([]);
  await page.context().close();
});

test('an exact comparison sees blanks that the usual one does not', async () => {
  const { page } = await editor(browser, place.url);
  await write(page, 'print("a ")\n');
  await tests(page);
  await page.getByRole('button', { name: 'Add a test' }).click();
  await fill(page, 0, '', 'a');
  await page.getByRole('button', { name: 'Run tests' }).click();
  await page.getByText('1 of 1 passed').waitFor();
  await card(page, 0).locator('summary').click();
  await card(page, 0).getByLabel('Comparison').selectOption('exact');
  await page.getByRole('button', { name: 'Run tests' }).click();
  await page.getByText('0 of 1 passed').waitFor();
  expect(await card(page, 0).locator('.extra').textContent()).toContain('a·');
  await page.context().close();
});

test('tests are copied, made from a run, and are there after a reload', async () => {
  const { page } = await editor(browser, place.url);
  await write(page, ADDS);
  await page.getByLabel('Input (stdin)').fill('3 4');
  await run(page);
  expect(await verdict(page)).toBe('OK');
  await tests(page);
  await page.getByRole('button', { name: 'From the last run' }).click();
  expect(await card(page, 0).getByLabel('Expected output').inputValue()).toBe('sum\n7\n');
  await card(page, 0).getByRole('button', { name: 'Duplicate' }).click();
  await page.reload();
  await tests(page);
  expect(await card(page, 1).getByLabel('Name').inputValue()).toBe('Test 1 (copy)');
  await page.getByRole('button', { name: 'Run tests' }).click();
  await page.getByText('2 of 2 passed').waitFor();
  await page.context().close();
});

test('where it does not compile, the tests show what the compiler says', async () => {
  const { page } = await editor(browser, place.url);
  await choose(page, 'c');
  await write(page, 'int main(void) { return x; }\n');
  await tests(page);
  await page.getByRole('button', { name: 'Add a test' }).click();
  await page.getByRole('button', { name: 'Run tests' }).click();
  await output(page).getByText(/undeclared/).first().waitFor();
  await page.locator('.cm-lint-marker-error').waitFor();
  await page.context().close();
});
