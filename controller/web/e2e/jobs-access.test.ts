import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch, open, serious } from './browser';
import { cluster, type Cluster, fullName, setUpSecret, until } from './cluster';
import { Api, python } from './jobs';

let browser: Browser;
/** All of them are there to the end: runners of one name would take each other's containers away. */
const places: Cluster[] = [];

beforeAll(async () => {
  browser = await launch();
});
afterAll(async () => {
  await browser?.close();
  await Promise.all(places.map((place) => place.stop()));
});

async function start(options: Parameters<typeof cluster>[0]): Promise<Cluster> {
  const place = await cluster(options);
  places.push(place);
  return place;
}

const PASSWORD = 'correct horse battery';

async function logIn(page: Page, name: string): Promise<void> {
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('main').getByRole('button', { name: 'Log in' }).click();
}

test('without jobs the list says how they come; a job that waits says why', async () => {
  const place = await start({ runners: 0, flags: ['--no-sharing'] });
  const { page, errors } = await open(browser, `${place.url}/#/jobs`);
  await page.getByRole('heading', { name: 'No job yet' }).waitFor();
  expect(await serious(page)).toEqual([]);
  const id = await new Api(place).submit(python('print(1)'));
  await page.getByRole('row').filter({ hasText: 'Waiting' }).getByRole('link').click();
  await page.locator('.verdict').getByText('Waiting').waitFor();
  await page.getByText('next in the queue').waitFor();
  await page.getByText('print(1)').waitFor();
  await page.getByRole('rowheader', { name: 'In the queue' }).waitFor();
  expect(await serious(page)).toEqual([]);

  // Where the operator says so, nothing is shared.
  expect(await page.getByRole('button', { name: 'Share…' }).count()).toBe(0);
  const { page: guest } = await open(browser, `${place.url}/#/shared/${'A'.repeat(22)}`);
  await guest.getByRole('heading', { name: 'Links are switched off here' }).waitFor();

  await page.getByRole('button', { name: 'Stop' }).click();
  await page.locator('.verdict').getByText('Stopped').waitFor();
  expect(page.url()).toContain(id);
  expect(errors).toEqual([]);
  await Promise.all([page.context().close(), guest.context().close()]);
});

test('a runner that is lost: the job starts again elsewhere, and the page tells of both attempts', async () => {
  const place = await start({ runners: 0 });
  const lost = await place.runner('lab-1', ['--skip-selftest']);
  const program = 'import time\nfor i in range(20):\n    print("tick", i, flush=True)\n    time.sleep(0.2)\n';
  const id = await new Api(place).submit(python(program));
  const { page, errors } = await open(browser, `${place.url}/#/jobs/${id}`);
  const output = page.getByRole('region', { name: 'Standard output' });
  await output.getByText('tick 3').waitFor();
  await lost.stop('SIGKILL');
  await place.runner('lab-2', ['--skip-selftest']);
  await page.locator('.verdict').getByText('OK').waitFor({ timeout: 90_000 });
  await output.getByText('tick 19').waitFor();
  const attempts = page.getByRole('region', { name: 'Attempts' });
  await attempts.getByRole('row').filter({ hasText: fullName('lab-1') }).getByText('Lost').waitFor();
  await attempts.getByRole('row').filter({ hasText: fullName('lab-2') }).getByText('Gave the verdict').waitFor();
  await page.getByRole('rowheader', { name: 'Lost attempt' }).waitFor();
  expect(await serious(page)).toEqual([]);
  expect(errors).toEqual([]);
  await page.context().close();
}, 180_000);

test('a controller that starts again while a job runs: the page follows it to its end', async () => {
  const place = await start({ runners: 0 });
  await place.runner('lab-3', ['--skip-selftest']);
  const id = await new Api(place).submit(python('import time\nfor i in range(30):\n    print("tick", i, flush=True)\n    time.sleep(0.2)\n'));
  const { page, errors } = await open(browser, `${place.url}/#/jobs/${id}`);
  const output = page.getByRole('region', { name: 'Standard output' });
  await output.getByText('tick 3').waitFor();
  await place.kill();
  await page.getByText('The link to the controller was lost').waitFor();
  await place.restart();
  await page.locator('.verdict').getByText('OK').waitFor({ timeout: 90_000 });
  await output.getByText('tick 29').waitFor();
  await page.getByText('The link to the controller was lost').waitFor({ state: 'detached' });
  expect(errors).toEqual([]);
  await page.context().close();
}, 180_000);

test('where there are accounts: a guest is told to log in, and sees others only as far as one may', async () => {
  const place = await start({ runners: 0 });
  await place.runner('lab-4', ['--skip-selftest']);
  const secret = await setUpSecret(place);
  await new Api(place).call('POST', '/setup', { secret, name: 'ada', password: PASSWORD });

  const { page, errors } = await open(browser, `${place.url}/#/jobs`);
  await page.getByRole('heading', { name: 'Whose jobs?' }).waitFor();
  expect(await serious(page)).toEqual([]);
  await page.getByRole('main').getByRole('link', { name: 'Log in' }).click();
  await logIn(page, 'ada');
  await page.getByRole('heading', { name: 'No job yet' }).waitFor();

  const make = (path: string, body: object) =>
    page.evaluate(
      async ([where, text]) => {
        const headers = { 'content-type': 'application/json', 'x-ruche': '1' };
        const response = await fetch(`/api/v1${where}`, { method: 'POST', headers, body: text as string });
        return { status: response.status, text: await response.text() };
      },
      [path, JSON.stringify(body)] as const,
    );
  expect((await make('/users', { name: 'eve', role: 'user', password: PASSWORD })).status).toBeLessThan(300);
  const mine = (JSON.parse((await make('/jobs', python('print("mine")'))).text) as { id: string }).id;
  await page.getByRole('row').filter({ hasText: 'ada' }).getByText('OK').waitFor();
  await page.getByRole('search').getByLabel('Owner').fill('nobody');
  await page.getByText('No job is like that.').waitFor();
  await page.getByRole('search').getByLabel('Owner').fill('ada');
  await page.getByRole('row').filter({ hasText: 'ada' }).waitFor();

  // What is not hers is for Eve as if it were not there.
  const { page: other } = await open(browser, `${place.url}/#/login/jobs/${mine}`);
  await logIn(other, 'eve');
  await other.getByRole('heading', { name: 'There is no such job' }).waitFor();
  await other.getByRole('link', { name: 'All jobs', exact: true }).click();
  await other.getByRole('heading', { name: 'No job yet' }).waitFor();
  expect(await other.getByRole('search').getByLabel('Owner').count()).toBe(0);

  // A guest follows a link to it, and is offered to log in.
  const { page: guest } = await open(browser, `${place.url}/#/jobs/${mine}`);
  await guest.getByRole('main').getByRole('link', { name: 'Log in' }).click();
  await until('the way back', () => guest.url().endsWith(`#/login/jobs/${mine}`) || undefined);
  await logIn(guest, 'ada');
  await guest.getByRole('region', { name: 'Standard output' }).getByText('mine').waitFor();
  expect(errors).toEqual([]);
  await Promise.all([page, other, guest].map((one) => one.context().close()));
});
