import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch, open, serious } from './browser';
import { cluster, type Cluster, fullName, type Process, setUpSecret, until } from './cluster';

let place: Cluster;
let browser: Browser;
let page: Page;
let errors: string[];
const runners = new Map<string, Process>();

// One page looks on all the time: what happens has to come to it by itself.
beforeAll(async () => {
  [place, browser] = await Promise.all([cluster({ runners: 0 }), launch()]);
  ({ page, errors } = await open(browser, `${place.url}/#/cluster`));
});
afterAll(async () => {
  await browser?.close();
  await place?.stop();
});

async function start(name: string): Promise<void> {
  runners.set(name, await place.runner(name, ['--skip-selftest']));
}

const row = (name: string): Locator => page.getByRole('row').filter({ hasText: fullName(name) });
const toast = (text: string | RegExp): Promise<void> => page.locator('.toasts').getByText(text).first().waitFor();

async function call(method: string, path: string, body?: unknown, url = place.url): Promise<{ id: string }> {
  const response = await fetch(`${url}/api/v1${path}`, {
    method,
    headers: { 'content-type': 'application/json', 'x-ruche': '1' },
    body: JSON.stringify(body ?? {}),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${await response.text()}`);
  return (await response.json()) as { id: string };
}

const submit = (content: string): Promise<{ id: string }> =>
  call('POST', '/jobs', { language: 'python', files: [{ path: 'main.py', content }] });

async function choose(name: string): Promise<void> {
  await row(name).getByRole('link').click();
  await page.getByRole('heading', { name: `Runner ${fullName(name)}` }).waitFor();
}

test('an empty cluster says how to begin', async () => {
  await page.getByRole('heading', { name: 'No runner is connected' }).waitFor();
  await page.getByRole('button', { name: 'Add a runner' }).click();
  await page.getByRole('button', { name: 'Make the commands' }).click();
  const command = page.getByRole('dialog').locator('code');
  await command.waitFor();
  const settings = (await (await fetch(`${place.url}/api/v1/settings`)).json()) as { runners_port: number };
  expect(await command.textContent()).toBe(`runner start --controller 127.0.0.1:${settings.runners_port}`);
  await page.getByRole('button', { name: 'Copy: runner start' }).click();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(await command.textContent());
  expect(await serious(page)).toEqual([]);
  await page.keyboard.press('Escape');
});

test('runners appear by themselves with all that there is to know', async () => {
  await start('lab-1');
  await row('lab-1').getByText('Available').waitFor();
  await start('lab-2');
  await row('lab-2').getByText('Available').waitFor();
  const cells = (await row('lab-1').getByRole('cell').allTextContents()).map((text) => text.trim());
  expect(cells[1]).toContain('python');
  expect(cells[2]).toBe('0 of 2');
  expect(cells[9]).toBe('Not tested');
  await until('its CPU', async () => /\d+ %/.test((await row('lab-1').getByRole('cell').nth(4).textContent()) ?? '') || undefined);
  await page.getByText('of 2 available').waitFor();
});

test('a busy runner counts its jobs, and what they came to is told', async () => {
  const job = await submit('import time\ntime.sleep(60)');
  const busy = page.getByRole('row').filter({ hasText: '1 of 2' });
  await busy.waitFor();
  expect(await busy.count()).toBe(1);
  await call('POST', `/jobs/${job.id}/cancel`);
  await busy.waitFor({ state: 'detached' });
  await submit('print(1)');
  const verdicts = page.locator('.card').filter({ hasText: 'Verdicts of the last minute' });
  await verdicts.getByText('OK').waitFor();
  await verdicts.getByText('Stopped').waitFor();
});

test('a paused runner stays and says by whom, until it is resumed', async () => {
  await choose('lab-1');
  await page.getByRole('button', { name: 'Pause' }).click();
  await toast('gets no new jobs');
  await row('lab-1').getByText('Paused', { exact: true }).waitFor();
  await page.getByText('1 paused').waitFor();
  await page.getByRole('link', { name: '← All runners' }).click();
  await page.getByRole('heading', { name: 'All runners' }).waitFor();
  expect(await page.evaluate(() => document.activeElement?.textContent)).toBe(fullName('lab-1'));
  await choose('lab-1');
  await page.getByRole('button', { name: 'Resume' }).click();
  await toast('takes jobs again');
  await row('lab-1').getByText('Available').waitFor();
});

test('limits are set, hold, are shown again, and are taken away', async () => {
  await choose('lab-1');
  await page.getByRole('button', { name: 'Limits…' }).click();
  await page.getByLabel('Jobs at once').fill('1');
  await page.getByLabel('No new jobs while memory').fill('99');
  await page.getByRole('button', { name: 'Save' }).click();
  await toast('are set');
  await row('lab-1').getByText('0 of 1').waitFor();
  await page.getByRole('button', { name: 'Limits…' }).click();
  expect(await page.getByLabel('No new jobs while memory').inputValue()).toBe('99');
  expect(await page.getByLabel('Jobs at once').evaluate((input: HTMLInputElement) => [input.value, input.max])).toEqual(['1', '2']);
  await page.getByLabel('Jobs at once').fill('');
  await page.getByLabel('No new jobs while memory').fill('');
  await page.getByRole('button', { name: 'Save' }).click();
  await row('lab-1').getByText('0 of 2').waitFor();
});

/** How many pixels of a graph have exactly the colour of its line. */
function inked(graph: Locator, colour: string): Promise<number> {
  return graph.locator('canvas').evaluate((canvas: HTMLCanvasElement, name) => {
    const digits = getComputedStyle(document.documentElement).getPropertyValue(name).trim().slice(1);
    const [red, green, blue] = [0, 2, 4].map((at) => Number.parseInt(digits.slice(at, at + 2), 16));
    const { data } = (canvas.getContext('2d') as CanvasRenderingContext2D).getImageData(0, 0, canvas.width, canvas.height);
    let count = 0;
    for (let at = 0; at < data.length; at += 4) if (data[at] === red && data[at + 1] === green && data[at + 2] === blue) count += 1;
    return count;
  }, colour);
}

test.each(['all runners', 'one runner'])('graphs of every range draw for %s, and say the same in words', async (whose) => {
  if (whose === 'one runner') await choose('lab-1');
  else await page.goto(`${place.url}/#/cluster`);
  for (const range of ['15 min', '1 h', '24 h', '1 min']) {
    await page.getByRole('tab', { name: range }).click();
    for (const [title, colour] of [['CPU', '--accent-strong'], ['Memory', '--busy'], ['Jobs', '--good']] as const) {
      const graph = page.getByRole('figure').filter({ hasText: title });
      await until(`a line of ${title} over ${range}`, async () => (await inked(graph, colour)) > 3 || undefined);
      const figures = await graph.getByRole('row').nth(1).getByRole('cell').allTextContents();
      for (const figure of figures) expect(figure).toMatch(/\d/);
    }
    // What was before now has been had, too.
    expect(await page.getByRole('alert').allTextContents()).toEqual([]);
  }
});

test('the keyboard moves through the moments of a graph', async () => {
  const plot = page.getByRole('slider', { name: 'CPU' });
  await plot.focus();
  const spoken = (): Promise<string | null> => plot.getAttribute('aria-valuetext');
  expect(await spoken()).toMatch(/^Now: CPU \d+ %/);
  await plot.press('Home');
  await until('a moment', async () => /^At .*: CPU \d+ %/.test((await spoken()) ?? '') || undefined);
  await plot.press('Escape');
  await until('now', async () => (await spoken())?.startsWith('Now') || undefined);
});

test('a runner that was told to drain leaves, and that it did so is told', async () => {
  await choose('lab-2');
  await page.getByRole('button', { name: 'Drain…' }).click();
  await page.getByRole('dialog').getByText('It takes nothing new').waitFor();
  await page.getByRole('dialog').getByRole('button', { name: 'Drain', exact: true }).click();
  await row('lab-2').waitFor({ state: 'detached' });
  await page.getByText(`${fullName('lab-2')} finished what it ran and left at`).first().waitFor();
});

test('a runner that is killed is said to be gone, and nothing is said any more when it is back', async () => {
  await runners.get('lab-1')?.stop('SIGKILL');
  await page.getByText(`${fullName('lab-1')} has been gone since`).first().waitFor();
  await page.getByRole('heading', { name: 'No runner is connected' }).waitFor();
  await start('lab-1');
  await row('lab-1').getByText('Available').waitFor();
  await page.getByText('has been gone since').waitFor({ state: 'detached' });
});

test('a controller that is gone is said to be, and the page goes on when it is back', async () => {
  await place.kill();
  await page.getByText('The link to the controller was lost at').waitFor();
  expect(await row('lab-1').count()).toBe(1);
  expect(await serious(page)).toEqual([]);
  await place.restart();
  await page.getByText('The link to the controller was lost at').waitFor({ state: 'detached' });
  await row('lab-1').getByText('Available').waitFor();
  await submit('print(1)');
  await page.locator('.card').filter({ hasText: 'Verdicts of the last minute' }).getByText('OK').waitFor();
});

test('whoever may not see runners sees the cluster as a whole, and is told so; logging in shows them', async () => {
  const secret = await setUpSecret(place);
  await call('POST', '/setup', { secret, name: 'ada', password: 'correct horse battery' });
  const { page: guest } = await open(browser, `${place.url}/#/cluster`);
  await guest.getByText('Its runners are shown to those who have logged in').waitFor();
  await guest.getByText('of 1 available').waitFor();
  expect(await guest.getByText(fullName('lab-1')).count()).toBe(0);
  expect(await serious(guest)).toEqual([]);
  await guest.getByRole('main').getByRole('link', { name: 'Log in' }).click();
  await guest.getByLabel('Name').fill('ada');
  await guest.getByLabel('Password').fill('correct horse battery');
  await guest.getByRole('main').getByRole('button', { name: 'Log in' }).click();
  await guest.getByRole('row').filter({ hasText: fullName('lab-1') }).waitFor();
  await guest.context().close();
});

test('whoever may see nothing without an account is asked to log in', async () => {
  const closed = await cluster({ runners: 0, flags: ['--anonymous-use', 'off'] });
  try {
    const secret = await setUpSecret(closed);
    await call('POST', '/setup', { secret, name: 'ada', password: 'correct horse battery' }, closed.url);
    const { page: stranger } = await open(browser, `${closed.url}/#/cluster`);
    await stranger.getByText('The cluster is shown to those who have logged in').waitFor();
    await stranger.context().close();
  } finally {
    await closed.stop();
  }
});

test('nothing went wrong in the page meanwhile', () => {
  expect(errors).toEqual([]);
});
