import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch, open, serious } from './browser';
import { cluster, type Cluster } from './cluster';
import { Api, python } from './jobs';

let place: Cluster;
let browser: Browser;
let api: Api;

beforeAll(async () => {
  [place, browser] = await Promise.all([cluster(), launch()]);
  api = new Api(place);
});
afterAll(async () => {
  await browser?.close();
  await place?.stop();
});

const CHECKER = { language: 'python', files: [{ path: 'check.py', content: 'import sys\nprint(0.25)\nprint("a secret of the checker")\nsys.exit(7)\n' }] };

test('a job’s page shows the score and the checker’s words; a link to it keeps them to itself', async () => {
  const expect_ = { stdout: '1', checker: 'custom' };
  const id = await api.run(python('print(1)\n', { runs: [{ name: 'a', weight: 2, expect: expect_ }, { name: 'b', expect: { stdout: '1' } }], checker: CHECKER, parallel: 2 }));
  const { page, errors } = await open(browser, `${place.url}/#/jobs/${id}`);
  await page.getByText('Score 1.5 of 3').waitFor();
  await page.getByText('Partly right: it is worth 25 % of its points.').waitFor();
  await page.getByRole('region', { name: 'What the checker says' }).getByText('a secret of the checker').waitFor();
  await page.getByText('Up to 2 runs at once.').waitFor();
  await page.getByText('Checker (Python)').click();
  await page.getByRole('region', { name: 'check.py' }).waitFor();
  expect(await serious(page)).toEqual([]);

  const { token } = await api.call<{ token: string }>('POST', `/jobs/${id}/share`);
  const { page: theirs } = await open(browser, `${place.url}/#/shared/${token}`);
  await theirs.getByText('Score 1.5 of 3').waitFor();
  expect(await theirs.getByRole('region', { name: 'What the checker says' }).count()).toBe(0);
  expect(errors).toEqual([]);
  await Promise.all([page.context().close(), theirs.context().close()]);
});

test('words that differ are told by their number', async () => {
  const runs = [{ expect: { stdout: '1 2 3', checker: 'tokens' } }, { expect: { stdout: '1\n2\n4' } }];
  const id = await api.run(python('print("1 2", 4)\n', { runs }));
  const { page } = await open(browser, `${place.url}/#/jobs/${id}`);
  await page.getByText('It differs first in word 3.').waitFor();
  await page.context().close();
});
