import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch, open, serious } from './browser';
import { cluster, type Cluster } from './cluster';
import { pretend } from './cluster-many';

let place: Cluster;
let browser: Browser;

beforeAll(async () => {
  [place, browser] = await Promise.all([cluster({ runners: 0 }), launch()]);
});
afterAll(async () => {
  await browser?.close();
  await place?.stop();
});

const RUNNERS = 200;
const SECONDS = 8;
/** What the page may take of each second while all of them change, in milliseconds: by scripts, and by all there is to do. */
const SCRIPTS = 100;
const ALL = 400;

async function busy(page: Page): Promise<{ scripts: number; all: number }> {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  const read = async (): Promise<Map<string, number>> => {
    const { metrics } = await session.send('Performance.getMetrics');
    return new Map(metrics.map(({ name, value }) => [name, value]));
  };
  const before = await read();
  await page.waitForTimeout(SECONDS * 1000);
  const after = await read();
  const share = (name: string): number => (((after.get(name) ?? 0) - (before.get(name) ?? 0)) * 1000) / SECONDS;
  return { scripts: share('ScriptDuration'), all: share('TaskDuration') };
}

test.each(['Name', 'CPU'])('two hundred runners that all change every second cost little, in the order of %s', async (column) => {
  const { page, errors } = await open(browser, 'about:blank');
  await pretend(page, { runners: RUNNERS });
  await page.goto(`${place.url}/#/cluster`);
  await page.getByText('200 runners').waitFor();
  expect(await page.getByRole('region', { name: 'Runners', exact: true }).getByRole('row').count()).toBe(RUNNERS + 1);
  if (column !== 'Name') await page.getByRole('columnheader', { name: column }).getByRole('button').click();
  const { scripts, all } = await busy(page);
  console.log(`200 runners by ${column}: scripts ${scripts.toFixed(0)} ms, all ${all.toFixed(0)} ms of each second`);
  expect(scripts).toBeLessThan(SCRIPTS);
  expect(all).toBeLessThan(ALL);
  expect(errors).toEqual([]);
  await page.context().close();
});

test('two hundred runners are sorted and filtered', async () => {
  const { page } = await open(browser, 'about:blank');
  await pretend(page, { runners: RUNNERS });
  await page.goto(`${place.url}/#/cluster`);
  const first = page.getByRole('region', { name: 'Runners', exact: true }).getByRole('row').nth(1);
  await first.getByText('lab-1', { exact: true }).waitFor();
  const name = page.getByRole('columnheader', { name: 'Name' });
  await name.getByRole('button').click();
  await first.getByText('lab-200').waitFor();
  expect(await name.getAttribute('aria-sort')).toBe('descending');
  await page.getByLabel('Filter runners').fill('paused room=b1');
  await page.getByText('5 of 200 runners').waitFor();
  await page.getByLabel('Filter runners').fill('nothing like it');
  await page.getByRole('button', { name: 'Show all' }).click();
  await page.getByText('200 runners', { exact: true }).waitFor();
  await page.context().close();
});

test.each([['light', 1280], ['dark', 360]] as const)('axe finds nothing serious with all states shown (%s, %i px)', async (theme, width) => {
  const { page } = await open(browser, 'about:blank', { dark: theme === 'dark', width });
  await pretend(page, { runners: 12, draining: true });
  await page.goto(`${place.url}/#/cluster/lab-7`);
  await page.getByRole('heading', { name: 'Runner lab-7' }).waitFor();
  await page.getByText('This controller is shutting down').waitFor();
  await page.locator('canvas').nth(2).waitFor();
  expect(await serious(page)).toEqual([]);
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
  await page.context().close();
});
