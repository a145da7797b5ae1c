import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch, open, serious } from './browser';
import { cluster, type Cluster, fullName, until } from './cluster';
import { Api, python } from './jobs';

let place: Cluster;
let api: Api;
let browser: Browser;
/** The jobs that every test finds, by what they are about. */
const jobs = new Map<string, string>();

async function run(about: string, spec: object): Promise<void> {
  jobs.set(about, await api.run(spec));
}

const LONG = 'import time\nfor i in range(600):\n    print("tick", i, flush=True)\n    time.sleep(0.1)\n';

beforeAll(async () => {
  [place, browser] = await Promise.all([cluster({ runners: 0 }), launch()]);
  api = new Api(place);
  await place.runner('lab-1', ['--skip-selftest']);
  await run('hello', python('print("hello")\n', { labels: { task: 'greeting' } }));
  await run('c', {
    language: 'c',
    files: [
      { path: 'main.c', content: '#include <stdio.h>\n#include "twice.h"\nint main(void) { int n; scanf("%d", &n); printf("%d\\n", twice(n)); }\n' },
      { path: 'twice.h', content: 'int twice(int n) { return 2 * n; }\n' },
    ],
    stdin: '21\n',
    limits: { cpu_seconds: 3, memory_bytes: 64 * 2 ** 20 },
    labels: { task: 'double' },
  });
  await run('broken', { language: 'c', files: [{ path: 'main.c', content: 'int main(void) { return x; }\n' }] });
  await run('tests', python('n = int(input())\nprint(n * n)\n', {
    runs: [
      { name: 'two', stdin: '2', expect: { stdout: '4' } },
      { name: 'three', stdin: '3', expect: { stdout: '9\n10\n' } },
      { name: 'no number', stdin: 'x' },
    ],
  }));
  await run('much', python('for i in range(100_000):\n    print("line", i)\n', { limits: { output_bytes: 4 * 2 ** 20 } }));
});
afterAll(async () => {
  await browser?.close();
  await place?.stop();
});

const id = (about: string): string => jobs.get(about) ?? '';
const rows = (page: Page) => page.locator('tbody tr');
const address = (hash: string): string => `${place.url}/#/${hash}`;
const visit = (hash: string, look = {}) => open(browser, address(hash), look);
const fits = (page: Page): Promise<number> => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);

test('the list has everything of a job in a line, the newest first', async () => {
  const { page, errors } = await visit('jobs');
  await rows(page).nth(4).waitFor();
  const cells = (await rows(page).last().getByRole('cell').allTextContents()).map((text) => text.trim());
  expect(cells[0]).toMatch(/\d:\d\d:\d\d/);
  expect(cells.slice(1, 3)).toEqual(['OK', 'Python']);
  expect(cells[3]).toBe(fullName('lab-1'));
  expect(cells[4]).toMatch(/^[\d.]+ m?s$/);
  expect(cells[6]).toMatch(/^[\d.]+ MB$/);
  expect(cells[7]).toContain('task=greeting');
  expect(await serious(page)).toEqual([]);
  expect(errors).toEqual([]);
  await page.context().close();
});

test('filters and search narrow it down, stand in the address, and hold when one comes back', async () => {
  const { page, errors } = await visit('jobs');
  await rows(page).nth(4).waitFor();
  const bar = page.getByRole('search');
  const becomes = (count: number) => until(`${count} jobs`, async () => (await rows(page).count()) === count || undefined);
  await bar.getByLabel('Verdict').selectOption('Compile error');
  await becomes(1);
  expect(page.url()).toContain('#/jobs?verdict=compile_error');
  await bar.getByLabel('Verdict').selectOption('Any');
  await bar.getByLabel('Language').selectOption('C');
  await becomes(2);
  await bar.getByLabel('Label').fill('task=double');
  await becomes(1);
  await rows(page).getByRole('link').click();
  await page.getByRole('heading', { name: 'Job · C' }).waitFor();
  await page.goBack();
  await becomes(1);
  expect(await bar.getByLabel('Label').inputValue()).toBe('task=double');
  await page.getByRole('button', { name: 'Clear filters' }).click();
  await becomes(5);
  await bar.getByLabel('Search').fill(id('tests').slice(0, 12));
  await becomes(1);
  await bar.getByLabel('Search').fill('GREET');
  await becomes(1);
  await bar.getByLabel('Runner').fill('nobody');
  await page.getByText('No job is like that.').waitFor();
  await page.getByRole('button', { name: 'Clear filters' }).last().click();
  await becomes(5);
  await bar.getByLabel('State').selectOption('Running');
  await page.getByText('No job is like that.').waitFor();
  expect(errors).toEqual([]);
  await page.context().close();
});

test('new jobs come by themselves, but nothing moves under the pointer', async () => {
  const { page } = await visit('jobs?search=fresh');
  await page.getByText('No job is like that.').waitFor();
  await run('fresh', python('print(1)', { labels: { task: 'fresh' } }));
  await rows(page).getByText('OK').waitFor();
  await rows(page).first().hover();
  await run('fresher', python('print(2)', { labels: { task: 'fresher' } }));
  const button = page.getByRole('button', { name: '1 new job' });
  await button.waitFor();
  expect(await rows(page).count()).toBe(1);
  await button.click();
  await until('both', async () => (await rows(page).count()) === 2 || undefined);
  expect(await rows(page).first().getByRole('link').getAttribute('href')).toBe(`#/jobs/${id('fresher')}`);
  await page.context().close();
});

test('pages that are empty though there is more are gone through, and not without end', async () => {
  const { page } = await open(browser, 'about:blank');
  let asked = 0;
  await page.route('**/api/v1/jobs?*', async (route) => {
    const cursor = Number(new URL(route.request().url()).searchParams.get('cursor') ?? 0);
    if (cursor > 0) asked += 1;
    // What matches is far back: twelve pages are empty.
    if (cursor < 12) return route.fulfill({ json: { jobs: [], next_cursor: String(cursor + 1) } });
    const { jobs: found } = await api.call<{ jobs: unknown[] }>('GET', '/jobs?language=c');
    return route.fulfill({ json: { jobs: found } });
  });
  await page.goto(address('jobs?search=far'));
  await page.getByRole('button', { name: 'Look further back' }).waitFor();
  expect(asked).toBe(9);
  await page.getByRole('button', { name: 'Look further back' }).click();
  await rows(page).nth(1).waitFor();
  await page.context().close();
});

test('by the keyboard: from job to job, and into one', async () => {
  const { page } = await visit('jobs?language=c');
  await rows(page).nth(1).waitFor();
  await rows(page).first().getByRole('link').focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Job · C' }).waitFor();
  expect(page.url()).toContain(id('c'));
  await page.context().close();
});

test('a finished job: program, input, limits, result, and where the time went', async () => {
  const { page, errors } = await visit(`jobs/${id('c')}`);
  await page.getByRole('region', { name: 'Standard output' }).getByText('42').waitFor();
  expect(await page.getByRole('meter', { name: 'CPU' }).getAttribute('aria-valuetext')).toMatch(/ of 3 s$/);
  expect(await page.getByRole('meter', { name: 'Memory' }).getAttribute('aria-valuetext')).toMatch(/ of 64 MB$/);
  await page.getByText('exit 0').first().waitFor();
  await page.getByText('scanf').waitFor();
  await page.getByRole('tab', { name: 'twice.h' }).click();
  await page.getByText('return 2 * n').waitFor();
  await page.getByRole('region', { name: 'Standard input' }).getByText('21').waitFor();
  await page.getByText('asked for').first().waitFor();
  const time = page.locator('section', { has: page.getByRole('heading', { name: 'Where the time went' }) });
  const parts = (await time.getByRole('rowheader').allTextContents()).map((text) => text.trim());
  expect(parts.slice(-2)).toEqual(['Compilation', 'Run']);
  await page.getByRole('button', { name: 'Copy the id' }).click();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(id('c'));
  expect(await serious(page)).toEqual([]);
  expect(errors).toEqual([]);
  await page.context().close();
});

test('a program that could not be compiled shows the compiler’s words', async () => {
  const { page } = await visit(`jobs/${id('broken')}`);
  await page.getByRole('region', { name: 'Standard error' }).getByText('undeclared').first().waitFor();
  await page.getByRole('heading', { name: 'Compilation' }).waitFor();
  await page.context().close();
});

test('many runs are a table; the one that failed is shown with what was expected', async () => {
  const { page } = await visit(`jobs/${id('tests')}`);
  await page.getByText('1 of 3 OK').waitFor();
  await page.getByText('It differs first in line 2.').waitFor();
  await page.getByRole('region', { name: 'Expected output' }).waitFor();
  await page.getByRole('button', { name: 'no number' }).click();
  await page.getByRole('region', { name: 'Standard error' }).getByText('ValueError').first().waitFor();
  expect(await serious(page)).toEqual([]);
  await page.context().close();
});

test('100,000 lines are bounded, and all of them do not freeze the page', async () => {
  const { page } = await visit(`jobs/${id('much')}`);
  const output = page.getByRole('region', { name: 'Standard output' });
  await output.getByText('line 1999').waitFor();
  expect((await output.textContent())?.split('\n').length).toBe(2001);
  const began = Date.now();
  await page.getByRole('button', { name: 'Show all' }).click();
  await output.getByText('line 99999').waitFor({ state: 'attached' });
  expect(Date.now() - began).toBeLessThan(5000);
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Download output' }).click()]);
  const text = await new Response((await download.createReadStream()) as unknown as BodyInit).text();
  expect(text.split('\n')).toHaveLength(100_001);
  await page.context().close();
});

test('a job that runs is followed live, and can be stopped', async () => {
  const running = await api.submit(python(LONG, { limits: { wall_seconds: 60 } }));
  const { page, errors } = await visit(`jobs/${running}`);
  const output = page.getByRole('region', { name: 'Standard output' });
  await output.getByText('tick 3').waitFor();
  const seen = (await output.textContent()) ?? '';
  await until('more output', async () => ((await output.textContent()) ?? '').length > seen.length || undefined);
  await page.locator('.verdict').getByText('Running').waitFor();
  expect(await serious(page)).toEqual([]);
  await page.getByRole('button', { name: 'Stop' }).click();
  await page.locator('.verdict').getByText('Stopped').waitFor();
  await page.getByRole('button', { name: 'Stop' }).waitFor({ state: 'detached' });
  expect(await output.textContent()).toContain('tick 3');
  expect(errors).toEqual([]);
  await page.context().close();
});

test('running it again leads to the new job', async () => {
  const { page } = await visit(`jobs/${id('hello')}`);
  await page.getByRole('region', { name: 'Standard output' }).getByText('hello').waitFor();
  await page.getByRole('button', { name: 'Run again' }).click();
  await until('another job', () => (/#\/jobs\/[0-9a-f]+$/.test(page.url()) && !page.url().endsWith(id('hello'))) || undefined);
  await page.getByRole('region', { name: 'Standard output' }).getByText('hello').waitFor();
  expect(await page.locator('.verdict').textContent()).toContain('OK');
  await page.context().close();
});

test('the editor is handed the whole program', async () => {
  const { page } = await visit(`jobs/${id('c')}`);
  // The editor takes it away when it opens: what it was given is noted before.
  await page.evaluate(() => {
    const set = Storage.prototype.setItem;
    Storage.prototype.setItem = function (name: string, value: string) {
      if (name === 'ruche.open') document.documentElement.dataset['handed'] = value;
      set.call(this, name, value);
    };
  });
  await page.getByRole('button', { name: 'Open in the editor' }).click();
  await until('the editor', () => new URL(page.url()).hash === '#/' || undefined);
  const handed = JSON.parse((await page.evaluate(() => document.documentElement.dataset['handed'])) ?? '{}') as Record<string, unknown>;
  expect(handed).toMatchObject({ language: 'c', stdin: '21\n', limits: { cpu_seconds: 3 }, files: [{ path: 'main.c' }, { path: 'twice.h' }] });
  await page.context().close();
});

test('a link shows program and result to anybody, until it is taken back', async () => {
  const { page } = await visit(`jobs/${id('c')}`);
  await page.getByRole('button', { name: 'Share…' }).click();
  await page.getByRole('button', { name: 'Make a link' }).click();
  const url = await page.getByRole('dialog').getByLabel('Link', { exact: true }).inputValue();
  expect(url).toMatch(/#\/shared\/\S{20,}$/);
  expect(await serious(page)).toEqual([]);
  const { page: guest, errors } = await open(browser, url);
  await guest.getByRole('region', { name: 'Standard output' }).getByText('42').waitFor();
  await guest.getByText('scanf').waitFor();
  expect(await guest.getByRole('button', { name: 'Open in the editor' }).count()).toBe(1);
  for (const name of ['Run again', 'Stop', 'Share…']) expect(await guest.getByRole('button', { name }).count()).toBe(0);
  expect(await serious(guest)).toEqual([]);
  await page.getByRole('button', { name: 'Take all links back' }).click();
  await page.getByText('No link shows this job any more.').waitFor();
  await guest.reload();
  await guest.getByRole('heading', { name: 'This link shows nothing any more' }).waitFor();
  expect(errors).toEqual([]);
  await Promise.all([page.context().close(), guest.context().close()]);
});

test('a job that is not there is told of in words', async () => {
  const { page } = await visit(`jobs/${'0'.repeat(32)}`);
  await page.getByRole('heading', { name: 'There is no such job' }).waitFor();
  await page.getByRole('link', { name: 'All jobs', exact: true }).click();
  await rows(page).first().waitFor();
  await page.context().close();
});

test('in French, in the dark, and on a phone: it fits and axe finds nothing serious', async () => {
  for (const look of [{ locale: 'fr-FR' }, { dark: true }, { width: 360, height: 740 }, { locale: 'fr-FR', width: 360, dark: true }, { width: 1920, height: 1080 }]) {
    for (const [hash, heading] of [['jobs', /^(Jobs|Tâches)$/], [`jobs/${id('tests')}`, /^(Job|Tâche) · Python$/]] as const) {
      const { page, errors } = await visit(hash, look);
      await page.getByRole('heading', { name: heading }).waitFor();
      await page.locator('tbody tr').first().waitFor();
      expect(await serious(page), `${hash} ${JSON.stringify(look)}`).toEqual([]);
      expect(await fits(page), `${hash} ${JSON.stringify(look)}`).toBeLessThanOrEqual(0);
      if (look.locale) await page.getByRole('button', { name: /Filtres|Relancer/ }).waitFor();
      expect(errors).toEqual([]);
      await page.context().close();
    }
  }
});

test('a list of many jobs goes on page by page', async () => {
  const many = Array.from({ length: 60 }, () => api.submit(python('print(1)', { labels: { lot: 'many' } })));
  await Promise.all(many);
  const { page } = await visit('jobs?search=many');
  await rows(page).nth(49).waitFor();
  await page.getByRole('button', { name: 'Show more' }).click();
  await rows(page).nth(59).waitFor();
  await page.getByText('That is all.').waitFor();
  const links = await rows(page).getByRole('link').evaluateAll((all) => all.map((one) => one.getAttribute('href')));
  expect(new Set(links).size).toBe(60);
  // Far down, one comes back to where one was.
  await rows(page).nth(55).scrollIntoViewIfNeeded();
  const before = await page.evaluate(() => scrollY);
  await rows(page).nth(55).getByRole('link').click();
  await page.getByRole('heading', { name: 'Job · Python' }).waitFor();
  await page.goBack();
  await rows(page).nth(59).waitFor();
  await until('the place', async () => Math.abs((await page.evaluate(() => scrollY)) - before) < 5 || undefined);
  await page.context().close();
});

test('while the controller is away the list stays, says so, and comes back', async () => {
  const { page } = await visit('jobs?language=c');
  await rows(page).nth(1).waitFor();
  await place.kill();
  await page.getByRole('alert').getByRole('button', { name: 'Try again' }).waitFor();
  expect(await rows(page).count()).toBe(2);
  await place.restart();
  await page.getByRole('alert').waitFor({ state: 'detached' });
  expect(await rows(page).count()).toBe(2);
  await page.context().close();
});
