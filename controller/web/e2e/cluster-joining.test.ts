import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch, open, serious } from './browser';
import { cluster, type Cluster, fullName, start, type Started, until } from './cluster';

let place: Cluster;
let browser: Browser;
let folder: string;
let runner: Started | undefined;

// A runners' door that other machines can reach is encrypted.
beforeAll(async () => {
  [place, browser, folder] = await Promise.all([
    cluster({ runners: 0, doors: { runners: '0.0.0.0:0' } }),
    launch(),
    mkdtemp(join(tmpdir(), 'ruche-join-')),
  ]);
});
afterAll(async () => {
  await browser?.close();
  await Promise.all([runner?.stop(), place?.stop()]);
  await rm(folder, { recursive: true, force: true });
});

test('the commands that the page shows make a runner, and removing it takes its right away', async () => {
  const { page, errors } = await open(browser, `${place.url}/#/cluster`);
  const name = fullName('joined');
  await page.getByRole('button', { name: 'Add a runner' }).click();
  await page.getByLabel('The token is good for').selectOption('15 minutes');
  await page.getByLabel('How many runners may use it').fill('1');
  await page.getByRole('button', { name: 'Make the commands' }).click();
  const commands = page.getByRole('dialog').locator('code');
  await commands.nth(1).waitFor();
  const [first, second] = (await commands.allTextContents()).map((line) => line.split(' '));
  expect(first?.slice(0, 2)).toEqual(['runner', 'join']);
  expect(second).toEqual(['runner', 'start']);
  expect(await serious(page)).toEqual([]);
  await page.keyboard.press('Escape');

  const own = ['--name', name, '--state-dir', folder];
  const joining = start('runner', [...(first?.slice(1) ?? []), ...own]);
  await until('the runner to join', () => joining.text().includes('joined') || undefined);
  runner = start('runner', [...(second?.slice(1) ?? []), ...own, '--run-dir', folder, '--skip-selftest']);
  const row = page.getByRole('row').filter({ hasText: name });
  await row.getByText('Available').waitFor();

  await row.getByRole('link').click();
  await page.getByRole('button', { name: 'Remove…' }).click();
  await page.getByRole('dialog').getByText('To come back it has to join again with a new token').waitFor();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove', exact: true }).click();
  await row.waitFor({ state: 'detached' });
  await page.getByText(`${name} was removed at`).first().waitFor();
  expect(errors).toEqual([]);
});
