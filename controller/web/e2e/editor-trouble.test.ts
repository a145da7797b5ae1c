import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch, open, serious } from './browser';
import { cluster, fullName, until } from './cluster';
import { choose, editor, lines, output, run, text, verdict, write } from './editor';

let browser: Browser;

beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser?.close());

test('without a runner one can write, and is told how to add one; it runs once there is one', async () => {
  const place = await cluster({ runners: 0 });
  try {
    const { page } = await open(browser, place.url);
    await page.getByText('No runner is connected').waitFor();
    expect(await page.getByRole('link', { name: 'How to add a runner' }).getAttribute('href')).toBe('#/cluster');
    await text(page).waitFor();
    await run(page);
    await page.getByText('Next in the queue…').waitFor();
    await page.locator('.status .message').getByText(/runner/).waitFor();
    await place.runner('late');
    await page.getByText('No runner is connected').waitFor({ state: 'detached' });
    expect(await verdict(page)).toBe('OK');
    await page.context().close();
  } finally {
    await place.stop();
  }
});

test('a run that is lost with its runner starts over on another, and what it wrote before is gone', async () => {
  const place = await cluster({ runners: 0 });
  try {
    const first = await place.runner('first');
    const { page } = await editor(browser, place.url);
    await write(page, 'import time\nprint("once", flush=True)\ntime.sleep(4)\nprint("end")\n');
    await run(page);
    await output(page).getByText('once').waitFor();
    await first.stop('SIGKILL');
    await place.runner('second');
    await page.getByText('The runner was lost').waitFor({ timeout: 40_000 });
    expect(await verdict(page)).toBe('OK');
    expect(await lines(page)).toEqual(['once', 'end']);
    await page.getByText(`on ${fullName('second')}`).waitFor();
    await page.context().close();
  } finally {
    await place.stop();
  }
}, 120_000);

test('while the controller cannot be reached the page says so, and nothing comes twice when it is back', async () => {
  const place = await cluster();
  try {
    const { page } = await editor(browser, place.url);
    await write(page, 'import time\nfor n in range(12):\n    print(n, flush=True)\n    time.sleep(0.5)\n');
    await run(page);
    await output(page).getByText('1', { exact: true }).waitFor();
    await place.kill();
    await page.getByText('The connection is lost.').waitFor();
    await place.restart();
    await page.getByText('The connection is lost.').waitFor({ state: 'detached' });
    expect(await verdict(page)).toBe('OK');
    const all = Array.from({ length: 12 }, (_, n) => String(n)).join();
    await until('every line, once', async () => (await lines(page)).join() === all);
    await page.context().close();
  } finally {
    await place.stop();
  }
}, 120_000);

test('a program that cannot be sent is sent again by a button once the controller is back', async () => {
  const place = await cluster();
  try {
    const { page } = await editor(browser, place.url);
    await place.kill();
    await run(page);
    const again = page.getByRole('button', { name: 'Try again' });
    await page.getByRole('alert').getByText('The controller cannot be reached.').waitFor();
    await place.restart();
    await again.click();
    expect(await verdict(page)).toBe('OK');
    await page.context().close();
  } finally {
    await place.stop();
  }
}, 120_000);

test('where sharing is off there is no button for it', async () => {
  const place = await cluster({ flags: ['--no-sharing'], runners: 0 });
  try {
    const { page } = await open(browser, place.url);
    await page.getByRole('button', { name: 'New' }).waitFor();
    expect(await page.getByRole('button', { name: 'Share' }).count()).toBe(0);
    await page.context().close();
  } finally {
    await place.stop();
  }
});

test('axe finds nothing serious, whatever the page shows', async () => {
  const place = await cluster();
  try {
    for (const look of [{}, { dark: true }, { width: 360, height: 740 }, { width: 360, height: 740, dark: true }]) {
      const { page } = await editor(browser, place.url, look);
      await choose(page, 'c');
      await write(page, 'int main(void) { return x; }\n');
      await run(page);
      expect(await verdict(page)).toBe('Compile error');
      expect(await serious(page), `a compile error, ${JSON.stringify(look)}`).toEqual([]);
      await page.getByRole('tab', { name: /Tests/ }).click();
      await write(page, '#include <stdio.h>\nint main(void) { puts("a"); }\n');
      for (let n = 0; n < 2; n += 1) await page.getByRole('button', { name: 'Add a test' }).click();
      await page.getByLabel('Expected output').first().fill('a');
      await page.getByRole('button', { name: 'Run tests' }).click();
      await page.getByText('1 of 2 passed').waitFor();
      expect(await serious(page), `tests, ${JSON.stringify(look)}`).toEqual([]);
      await page.getByRole('tab', { name: 'Run' }).click();
      await page.getByLabel('Type while it runs (terminal)').check();
      await run(page);
      await page.locator('.xterm-rows').waitFor();
      expect(await verdict(page)).toBe('OK');
      expect(await serious(page), `the terminal, ${JSON.stringify(look)}`).toEqual([]);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect(overflow, 'it scrolls sideways').toBeLessThanOrEqual(0);
      await page.context().close();
    }
  } finally {
    await place.stop();
  }
}, 120_000);
