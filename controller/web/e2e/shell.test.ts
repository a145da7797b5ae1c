import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch, open, serious } from './browser';
import { cluster, type Cluster, until } from './cluster';

let place: Cluster;
let browser: Browser;

beforeAll(async () => {
  [place, browser] = await Promise.all([cluster(), launch()]);
});
afterAll(async () => {
  await browser?.close();
  await place?.stop();
});

const PAGES = ['', 'cluster', 'jobs', 'people'];

test('a French browser gets a French page, and a switch that is remembered changes it', async () => {
  const { page, errors } = await open(browser, place.url, { locale: 'fr-FR' });
  await page.getByRole('link', { name: 'Grappe' }).waitFor();
  expect(await page.evaluate(() => document.documentElement.lang)).toBe('fr');
  await page.getByLabel('Langue').selectOption('en');
  await page.getByRole('link', { name: 'Cluster' }).waitFor();
  await page.reload();
  await page.getByRole('link', { name: 'Cluster' }).waitFor();
  expect(errors).toEqual([]);
  await page.context().close();
});

test('colours follow the system until somebody chooses', async () => {
  const { page } = await open(browser, place.url, { dark: true });
  const theme = () => page.evaluate(() => document.documentElement.dataset['theme']);
  await page.getByLabel('Colours').waitFor();
  expect(await theme()).toBe('dark');
  await page.getByLabel('Colours').selectOption('light');
  expect(await theme()).toBe('light');
  await page.reload();
  await page.getByLabel('Colours').waitFor();
  expect(await theme()).toBe('light');
  await page.context().close();
});

test.each(['light', 'dark'])('axe finds nothing serious on any page (%s)', async (theme) => {
  for (const name of PAGES) {
    for (const width of [1280, 360]) {
      const { page, errors } = await open(browser, `${place.url}/#/${name}`, { dark: theme === 'dark', width });
      await page.getByRole('main').locator('h1, h2, [role=tablist], form').first().waitFor();
      expect(await serious(page), `${name} ${theme} ${width}`).toEqual([]);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect(overflow, `${name} at ${width} px scrolls sideways`).toBeLessThanOrEqual(0);
      expect(errors).toEqual([]);
      await page.context().close();
    }
  }
});

test('an address that does not exist says so and leads home', async () => {
  const { page } = await open(browser, `${place.url}/#/nowhere`);
  await page.getByRole('heading', { name: 'There is nothing here.' }).waitFor();
  await page.getByRole('link', { name: 'To the program' }).click();
  await until('the editor', () => new URL(page.url()).hash === '#/' || undefined);
  await page.context().close();
});

test('every page is reached and left by the keyboard alone', async () => {
  const { page } = await open(browser, place.url);
  await page.getByRole('link', { name: 'Cluster' }).waitFor();
  await page.keyboard.press('Tab');
  expect(await page.evaluate(() => document.activeElement?.className)).toBe('skip');
  await page.getByRole('link', { name: 'Jobs' }).focus();
  await page.keyboard.press('Enter');
  await page.locator('nav a[aria-current=page]', { hasText: 'Jobs' }).waitFor();
  await page.context().close();
});
