import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch, open } from './browser';
import { cluster, type Cluster } from './cluster';

let place: Cluster;
let browser: Browser;

beforeAll(async () => {
  [place, browser] = await Promise.all([cluster({ runners: 0 }), launch()]);
});
afterAll(async () => {
  await browser?.close();
  await place?.stop();
});

/** The most that the first load may be, compressed, in bytes. */
const FIRST_LOAD = 350 * 1024;

test('the first load is small, and comes compressed', async () => {
  const { page } = await open(browser, 'about:blank');
  const sizes: [string, number][] = [];
  page.on('requestfinished', async (request) => {
    const { responseBodySize, responseHeadersSize } = await request.sizes();
    if (!request.url().includes('/api/')) sizes.push([new URL(request.url()).pathname, responseBodySize + responseHeadersSize]);
  });
  const begin = performance.now();
  await page.goto(place.url);
  await page.locator('.cm-content[contenteditable=true]').waitFor();
  console.log(`The editor was usable after ${Math.round(performance.now() - begin)} ms.`);
  await page.waitForLoadState('networkidle');
  const total = sizes.reduce((sum, [, size]) => sum + size, 0);
  const report = sizes.sort((a, b) => b[1] - a[1]).map(([path, size]) => `${(size / 1024).toFixed(1).padStart(8)} KB  ${path}`);
  console.log(`First load: ${(total / 1024).toFixed(1)} KB of at most ${FIRST_LOAD / 1024} KB\n${report.join('\n')}`);
  expect(total).toBeGreaterThan(10 * 1024);
  expect(total).toBeLessThan(FIRST_LOAD);
  await page.context().close();
});
