import { readFile } from 'node:fs/promises';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch, open, serious } from './browser';
import { cluster, type Cluster, setUpLink, until } from './cluster';

// One school, from its first account on: each test goes on where the one before ended.
let place: Cluster;
let browser: Browser;
/** The administrator's page, open all the time. */
let page: Page;
let errors: string[];

const ADA = { name: 'ada', password: 'correct horse battery' };
/** Where pictures of the pages go, for those who want to look at them. */
const SHOTS = process.env['RUCHE_SHOTS'];

beforeAll(async () => {
  [place, browser] = await Promise.all([cluster(), launch()]);
  ({ page, errors } = await open(browser, `${place.url}/#/people`));
});
afterAll(async () => {
  await browser?.close();
  await place?.stop();
});

const toast = (text: string | RegExp): Promise<void> => page.locator('.toasts').getByText(text).first().waitFor();
const at = (of: Page, hash: string): Promise<unknown> => until(hash, () => new URL(of.url()).hash === hash || undefined);
const main = (of: Page): Locator => of.getByRole('main');
const goTo = async (of: Page, hash: string): Promise<void> => void (await of.goto(`${place.url}/${hash}`));

async function logIn(of: Page, name: string, password: string): Promise<void> {
  await of.getByLabel('Name').fill(name);
  await of.getByLabel('Password').fill(password);
  await main(of).getByRole('button', { name: 'Log in' }).click();
}

/** A page of somebody else's, who has logged in. */
async function as(name: string, password: string, hash: string, look: Parameters<typeof open>[2] = {}): Promise<Page> {
  const { page: theirs } = await open(browser, `${place.url}/#/cluster`, look);
  await call(theirs, 'POST', '/session', { name, password });
  await goTo(theirs, hash);
  await theirs.reload();
  return theirs;
}

/** Asks the controller as whoever is at this page. */
async function call<T>(of: Page, method: string, path: string, body?: unknown): Promise<T> {
  const answer = await of.evaluate(
    async ([method, path, body]) => {
      const headers = { 'content-type': 'application/json', 'x-ruche': '1' };
      const response = await fetch(`/api/v1${path}`, { method, headers, ...(method !== 'GET' && { body }) });
      return { status: response.status, text: await response.text() };
    },
    [method, path, JSON.stringify(body ?? {})] as const,
  );
  if (answer.status >= 400) throw new Error(`${method} ${path}: ${answer.text}`);
  return (answer.text ? JSON.parse(answer.text) : undefined) as T;
}

const run = (of: Page, content: string): Promise<unknown> =>
  call(of, 'POST', '/jobs?wait=30', { language: 'python', files: [{ path: 'main.py', content }] });

async function shot(of: Page, name: string): Promise<void> {
  if (SHOTS) await of.screenshot({ path: `${SHOTS}/${name}.png`, fullPage: true });
}

test('without an account one is told what one may do, and how the first is made', async () => {
  await main(page).getByRole('heading', { name: 'There is no account yet' }).waitFor();
  await main(page).getByText('the set-up link that the controller printed').waitFor();
  await main(page).getByRole('button', { name: 'Make the first account' }).waitFor();
  expect(await serious(page)).toEqual([]);
  await shot(page, 'first');
});

test('the printed set-up link makes the first account, and is good for nothing after that', async () => {
  const printed = await setUpLink(place);
  const link = place.url + printed.pathname + printed.search + printed.hash;
  const { page: first, errors: wrong } = await open(browser, link);
  await first.getByRole('heading', { name: 'Make the first account' }).waitFor();
  expect(await serious(first)).toEqual([]);
  await first.getByLabel('Name').fill(ADA.name);
  await first.getByLabel('Password', { exact: true }).fill(ADA.password);
  await first.getByLabel('The password once more').fill('something else');
  await main(first).getByRole('button', { name: 'Make the first account' }).click();
  await first.getByRole('alert').getByText('The two passwords are not the same.').waitFor();
  await first.getByLabel('The password once more').fill(ADA.password);
  await main(first).getByRole('button', { name: 'Make the first account' }).click();
  await at(first, '#/people/me');
  await main(first).getByText('May do everything.').waitFor();
  await first.getByRole('button', { name: 'Log out' }).click();
  await at(first, '#/');
  await goTo(first, printed.hash);
  await first.reload();
  await first.getByText('There is an account already').waitFor();
  expect(wrong).toEqual([]);
  await first.context().close();
});

test('whoever is not logged in runs programs, and is asked to log in for more', async () => {
  await page.reload();
  await main(page).getByText('You can run programs here without an account').waitFor();
  await goTo(page, '#/people/users');
  await main(page).getByText('This part is not for your account.').waitFor();
  await main(page).getByRole('link', { name: 'Log in' }).click();
  await at(page, '#/login/people/users');
  expect(await serious(page)).toEqual([]);
});

test('a wrong password is refused in words, and the right one leads to where one wanted to be', async () => {
  await logIn(page, ADA.name, 'wrong');
  await page.getByRole('alert').getByText('The name or the password is wrong.').waitFor();
  expect(await page.getByLabel('Password').inputValue()).toBe('');
  await shot(page, 'login');
  await logIn(page, ADA.name, ADA.password);
  await at(page, '#/people/users');
  await page.getByRole('row').filter({ hasText: 'ada' }).getByText('Administrator').waitFor();
});

test('a class list becomes accounts with passwords, shown once and downloaded', async () => {
  await page.getByRole('link', { name: 'Add many' }).click();
  await page.getByRole('textbox', { name: 'People' }).fill('Bob Martin\nCléa Dupont\nBob Martin\nDan');
  await page.getByLabel('Put them into the group').fill('python-1');
  await shot(page, 'many');
  expect(await serious(page)).toEqual([]);
  await page.getByRole('button', { name: 'Make 4 accounts' }).click();
  await page.getByRole('heading', { name: '4 accounts are made' }).waitFor();
  const downloading = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Download' }).click();
  const table = await readFile((await (await downloading).path()) ?? '', 'utf8');
  const rows = table.trim().split('\r\n').map((row) => row.split(','));
  expect(rows.map((row) => row[1])).toEqual(['Name', 'bob.martin', 'bob.martin2', 'clea.dupont', 'dan']);
  for (const [, , password] of rows.slice(1)) {
    expect(password).toMatch(/^\S{14}$/);
    await page.getByRole('cell', { name: password ?? '', exact: true }).waitFor();
  }
  expect(await serious(page)).toEqual([]);
  await shot(page, 'made');
  await page.emulateMedia({ media: 'print' });
  expect(await page.getByRole('navigation').isVisible(), 'on paper there is nothing to click').toBe(false);
  expect(await page.getByRole('button', { name: 'Download' }).isVisible()).toBe(false);
  expect(await page.getByRole('cell', { name: 'clea.dupont' }).isVisible()).toBe(true);
  await shot(page, 'paper');
  await page.emulateMedia({ media: null });
  for (const [, name = '', password = ''] of rows.slice(1)) pupils.set(name, password);
  const clea = await as('clea.dupont', pupils.get('clea.dupont') ?? '', '#/people/me');
  await main(clea).getByText('python-1').waitFor();
  expect(await clea.getByRole('tab').count(), 'there is nothing but oneself').toBe(0);
  await clea.context().close();
});
const pupils = new Map<string, string>();

test('a teacher is added with a password of one’s choice', async () => {
  await goTo(page, '#/people/users');
  await page.getByRole('button', { name: 'Add a user' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill('Grace');
  await dialog.getByLabel('Role').selectOption('teacher');
  const suggested = await dialog.getByLabel('First password').inputValue();
  await dialog.getByRole('button', { name: 'Make one up' }).click();
  expect(await dialog.getByLabel('First password').inputValue()).not.toBe(suggested);
  await dialog.getByLabel('First password').fill('short');
  await dialog.getByLabel('First password').fill('a teacher’s password');
  expect(await serious(page)).toEqual([]);
  await dialog.getByRole('button', { name: 'Add', exact: true }).click();
  await toast('grace is added.');
  await page.getByLabel('Search').fill('teach');
  await page.getByRole('row').filter({ hasText: 'grace' }).getByText('Teacher').waitFor();
  expect(await page.getByRole('row').filter({ hasText: 'dan' }).count()).toBe(0);
  await page.getByLabel('Search').fill('');
  expect(await serious(page)).toEqual([]);
  await shot(page, 'users');
});

test('what the controller refuses is said in its words', async () => {
  await page.getByRole('button', { name: 'Add a user' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill('dan');
  await dialog.getByRole('button', { name: 'Add', exact: true }).click();
  await dialog.getByRole('alert').getByText('there is a user dan already').waitFor();
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  await page.getByRole('link', { name: 'ada', exact: true }).click();
  await main(page).getByRole('combobox', { name: 'Role' }).selectOption('user');
  await toast('ada is the only admin: make another first');
  expect(await main(page).getByRole('combobox', { name: 'Role' }).inputValue()).toBe('admin');
});

test('a user gets a role, a password and limits, and goes', async () => {
  await goTo(page, '#/people/users/dan');
  await main(page).getByRole('combobox', { name: 'Role' }).selectOption('teacher');
  await toast('Saved.');
  await main(page).getByRole('combobox', { name: 'Role' }).selectOption('user');
  await page.getByRole('button', { name: 'Make one up' }).click();
  const password = await page.getByLabel('Password', { exact: true }).inputValue();
  await page.getByRole('button', { name: 'Set the password' }).click();
  await toast('dan has a new password.');
  await page.getByLabel('Jobs running at once').fill('1');
  await page.getByLabel('CPU time a day, s').fill('20');
  await page.getByLabel('Memory, MB').fill('64');
  await page.getByRole('button', { name: 'Save' }).click();
  await toast('The limits are saved.');
  expect(await serious(page)).toEqual([]);
  await shot(page, 'user');
  const dan = await as('dan', password, '#/people/me');
  await dan.getByRole('meter', { name: 'Running at once' }).waitFor();
  await dan.getByText('64 MB').waitFor();
  await shot(dan, 'limited');
  await dan.context().close();
  await page.getByRole('button', { name: 'Remove the user…' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('All sessions and tokens end at once').waitFor();
  await dialog.getByRole('button', { name: 'Remove' }).click();
  await toast('dan is removed.');
  await page.getByRole('row').filter({ hasText: 'grace' }).waitFor();
  expect(await page.getByRole('row').filter({ hasText: 'dan' }).count()).toBe(0);
});

test('a group gains members, loses one and takes it back, and has limits', async () => {
  await page.getByRole('tab', { name: 'Groups' }).click();
  await page.getByRole('link', { name: 'python-1' }).click();
  await page.getByLabel('Add members').fill('grace nobody-of-that-name');
  await page.getByRole('button', { name: 'Add members' }).click();
  await toast('there is no user nobody-of-that-name');
  await page.getByLabel('Add members').fill('grace');
  await page.getByRole('button', { name: 'Add members' }).click();
  await toast('Added: grace.');
  await page.getByRole('button', { name: 'Take bob.martin2 out' }).click();
  await toast('bob.martin2 is out of the group.');
  await page.locator('.toasts').getByRole('button', { name: 'Undo' }).click();
  await page.getByRole('button', { name: 'Take bob.martin2 out' }).waitFor();
  await page.getByLabel('Jobs waiting at once').fill('50');
  await page.getByRole('button', { name: 'Save' }).click();
  await toast('The limits are saved.');
  expect(await serious(page)).toEqual([]);
  await shot(page, 'group');
});

test('a group is made and removed', async () => {
  await page.getByRole('tab', { name: 'Groups' }).click();
  await page.getByRole('button', { name: 'Add a group' }).click();
  await page.getByLabel('Name of the group').fill('left-over');
  await page.getByRole('dialog').getByRole('button', { name: 'Add' }).click();
  await at(page, '#/people/groups/left-over');
  await page.getByRole('button', { name: 'Remove the group…' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await toast('The group left-over is removed.');
  await page.getByRole('link', { name: 'python-1' }).waitFor();
  await shot(page, 'groups');
});

let teacher: Page;

test('a teacher sees the class at work, by itself', async () => {
  teacher = await as('grace', 'a teacher’s password', '#/people/class');
  const row = (name: string): Locator => teacher.getByRole('row').filter({ has: teacher.getByRole('rowheader', { name, exact: true }) });
  await row('clea.dupont').getByText('nothing yet').waitFor();
  expect(await teacher.getByRole('tab').allTextContents()).toEqual(['Me', 'Class', 'Groups']);
  const bob = await as('bob.martin', pupils.get('bob.martin') ?? '', '#/people/me');
  const clea = await as('clea.dupont', pupils.get('clea.dupont') ?? '', '#/people/me');
  await run(bob, 'print(1)');
  await row('bob.martin').getByText('OK').waitFor();
  // The same mistake in another place, with another number.
  await run(bob, 'a = [1]\n\n\nprint(a[3])');
  await run(clea, 'def f(x):\n    return [][x]\nf(5)');
  await run(clea, 'print(nothing)');
  await row('clea.dupont').getByText('Run-time error').waitFor();
  const mistakes = teacher.getByRole('region', { name: 'The same mistakes' });
  const same = mistakes.getByRole('listitem').filter({ hasText: 'IndexError: list index out of range' });
  await same.getByText('2 people').waitFor();
  expect((await same.getByRole('link').allTextContents()).filter((name) => name !== '↗').sort()).toEqual(['bob.martin', 'clea.dupont']);
  await mistakes.getByRole('listitem').filter({ hasText: "NameError: name 'nothing' is not defined" }).getByText('1 person').waitFor();
  await run(bob, 'print("at last")');
  await same.getByText('OK since').waitFor();
  expect(await serious(teacher)).toEqual([]);
  await shot(teacher, 'class');
  await bob.context().close();
  await clea.context().close();
});

test('those who fail come first where one wants them to', async () => {
  const names = async (): Promise<string[]> => teacher.getByRole('rowheader').allTextContents();
  expect(await names()).toEqual(['bob.martin', 'bob.martin2', 'clea.dupont']);
  await teacher.getByLabel('Failing ones first').check();
  expect(await names()).toEqual(['clea.dupont', 'bob.martin', 'bob.martin2']);
  await teacher.getByText('1 failing').waitFor();
});

test('a controller that is gone is said to be, and the class goes on when it is back', async () => {
  await place.kill();
  await teacher.getByText('what you see may be old').waitFor();
  expect(await teacher.getByRole('rowheader').count()).toBe(3);
  await place.restart();
  await teacher.getByText('what you see may be old').waitFor({ state: 'detached' });
});

test('a student’s history shows every job, and only the failing ones where asked', async () => {
  await teacher.getByRole('rowheader').getByRole('link', { name: 'bob.martin', exact: true }).click();
  await teacher.getByRole('heading', { name: 'What bob.martin ran' }).waitFor();
  await teacher.getByText('2 of 3 OK').waitFor();
  const strip = teacher.getByRole('list', { name: 'Verdicts, oldest to newest' });
  const said = await strip.getByRole('link').evaluateAll((links) => links.map((link) => link.getAttribute('aria-label')?.split(': ')[1]));
  expect(said).toEqual(['OK', 'Run-time error', 'OK']);
  await teacher.getByRole('cell', { name: 'IndexError: list index out of range' }).waitFor();
  expect(await serious(teacher)).toEqual([]);
  await shot(teacher, 'student');
  await teacher.getByLabel('Show').selectOption('failing');
  expect(await strip.getByRole('link').count()).toBe(1);
  await strip.getByRole('link').click();
  await until('the job', () => /#\/jobs\/[\w-]+$/.test(teacher.url()) || undefined);
  await teacher.goBack();
});

test('a teacher limits the group, but does not change who is in it', async () => {
  await goTo(teacher, '#/people/groups/python-1');
  await teacher.getByLabel('CPU time a day, s').fill('600');
  await teacher.getByRole('button', { name: 'Save' }).click();
  await teacher.locator('.toasts').getByText('The limits are saved.').waitFor();
  expect(await teacher.getByRole('button', { name: /Take .* out/ }).count()).toBe(0);
  expect(await teacher.getByRole('button', { name: 'Remove the group…' }).count()).toBe(0);
  await goTo(teacher, '#/people/audit');
  await teacher.getByText('This part is not for your account.').waitFor();
});

test('a token is shown once, works, and is refused once it is revoked', async () => {
  await goTo(page, '#/people/me');
  await page.getByRole('button', { name: 'New token' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('What it is for').fill('homework script');
  await dialog.getByLabel('Stop jobs').uncheck();
  await dialog.getByLabel('Lasts').selectOption('day');
  await dialog.getByLabel('Jobs', { exact: true }).fill('5');
  await dialog.getByLabel('Python').check();
  expect(await serious(page)).toEqual([]);
  await shot(page, 'token');
  await dialog.getByRole('button', { name: 'Make the token' }).click();
  const secret = (await dialog.locator('code').first().textContent()) ?? '';
  await dialog.getByRole('button', { name: 'Copy: Your new token' }).click();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(secret);
  await shot(page, 'secret');
  await dialog.getByRole('button', { name: 'Close' }).last().click();
  const entry = page.getByRole('listitem').filter({ hasText: 'homework script' });
  await entry.getByText('5 jobs · python').waitFor();
  expect(await main(page).getByText(secret).count()).toBe(0);
  const asked = (): Promise<number> => fetch(`${place.url}/api/v1/jobs`, { headers: { authorization: `Bearer ${secret}` } }).then((response) => response.status);
  expect(await asked()).toBe(200);
  expect(await serious(page)).toEqual([]);
  await shot(page, 'me');
  await entry.getByRole('button', { name: 'Revoke: homework script' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
  await toast('The token is revoked.');
  await page.getByText('You have no tokens.').waitFor();
  expect(await asked()).toBe(401);
});

test('the key that signs callbacks is shown when asked for, and made anew', async () => {
  await goTo(page, '#/people/me');
  const card = page.getByRole('region', { name: 'Callback key' });
  expect(await card.locator('code').count()).toBe(0);
  await card.getByRole('button', { name: 'Show the key' }).click();
  const key = (await card.locator('code').textContent()) ?? '';
  expect(key.length).toBeGreaterThan(20);
  expect(await serious(page)).toEqual([]);
  await card.getByRole('button', { name: 'Make a new key' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Make a new key' }).click();
  await toast('There is a new key.');
  const fresh = (await card.locator('code').textContent()) ?? '';
  expect(fresh.length).toBeGreaterThan(20);
  expect(fresh).not.toBe(key);
  await card.getByRole('button', { name: 'Hide the key' }).click();
  expect(await card.locator('code').count()).toBe(0);
  expect(await call(page, 'GET', '/account/callback-key')).toEqual({ key: fresh });
});

test('the password is changed, and the old one is no good any more', async () => {
  const form = page.getByRole('region', { name: 'Change the password' });
  const fill = async (old: string, fresh: string): Promise<void> => {
    await form.getByLabel('Password until now').fill(old);
    await form.getByLabel('New password', { exact: true }).fill(fresh);
    await form.getByLabel('New password once more').fill(fresh);
    await form.getByRole('button', { name: 'Change the password' }).click();
  };
  await fill('not it', 'a better password');
  await form.getByRole('alert').getByText('The password until now is wrong.').waitFor();
  await fill(ADA.password, 'a better password');
  await toast('The password is changed.');
  await page.getByRole('button', { name: 'Log out' }).click();
  await at(page, '#/');
  await goTo(page, '#/login/people/audit');
  await logIn(page, ADA.name, ADA.password);
  await page.getByRole('alert').getByText('The name or the password is wrong.').waitFor();
  await logIn(page, ADA.name, 'a better password');
  await at(page, '#/people/audit');
});

test('the audit tells who did what, also what was refused', async () => {
  const row = (text: string): Locator => page.getByRole('row').filter({ hasText: text });
  await row('Removed a user').filter({ hasText: 'dan' }).waitFor();
  await page.getByLabel('Only what was refused').check();
  await row('Logged in').filter({ hasText: 'ada' }).getByText('refused').first().waitFor();
  expect(await row('Removed a user').count()).toBe(0);
  await page.getByLabel('Only what was refused').uncheck();
  // More than a page of it.
  for (let count = 0; count < 40; count += 1) await call(page, 'PATCH', '/groups/python-1', {});
  await page.getByRole('button', { name: 'Refresh' }).click();
  await page.getByRole('button', { name: 'Show more' }).click();
  await row('Made the first account').waitFor();
  await page.getByLabel('Search').fill('ada first');
  expect(await page.getByRole('row').count()).toBe(2);
  await page.getByLabel('Search').fill('');
  expect(await serious(page)).toEqual([]);
  await shot(page, 'audit');
});

test('tabs are reached and changed by the keyboard', async () => {
  await page.getByRole('tab', { name: 'Audit' }).focus();
  await page.keyboard.press('ArrowLeft');
  await at(page, '#/people/groups');
  await page.keyboard.press('ArrowLeft');
  await at(page, '#/people/users');
  // The address is there before what it leads to.
  await page.locator('input[type=search]').waitFor();
  await page.keyboard.press('Tab');
  expect(await page.evaluate(() => document.activeElement?.getAttribute('type'))).toBe('search');
});

/** What makes a page scroll sideways, where it does. */
const sideways = (of: Page): Promise<string[]> =>
  of.evaluate(() => {
    if (document.documentElement.scrollWidth <= innerWidth) return [];
    const wide = [...document.querySelectorAll('body *')].filter((one) => one.getBoundingClientRect().right > innerWidth);
    return [`${document.documentElement.scrollWidth} px`, ...wide.map((one) => `${one.tagName} ${one.className} ${one.getBoundingClientRect().right}`)];
  });

const PLACES = ['me', 'class', 'class/python-1/bob.martin', 'users', 'users/bob.martin', 'users/+many', 'groups', 'groups/python-1', 'audit'];

test.each([
  ['dark', { dark: true }],
  ['on a phone', { width: 360, height: 740 }],
  ['dark on a phone', { dark: true, width: 360, height: 740 }],
  ['on a projector', { width: 1920, height: 1080 }],
  ['in French', { locale: 'fr-FR' }],
  ['in French on a phone', { locale: 'fr-FR', width: 360, height: 740 }],
])('axe finds nothing serious, and nothing scrolls sideways: %s', async (name, look) => {
  const theirs = await as(ADA.name, 'a better password', '#/people/me', look);
  for (const one of PLACES) {
    await goTo(theirs, `#/people/${one}`);
    await theirs.locator('#people .card').first().waitFor();
    expect(await serious(theirs), `${one} ${name}`).toEqual([]);
    expect(await sideways(theirs), `${one} ${name} scrolls sideways`).toEqual([]);
    await shot(theirs, `${name.replaceAll(' ', '-')}-${one.replaceAll('/', '-')}`);
  }
  await theirs.context().close();
});

test('in French everything is in French', async () => {
  const theirs = await as(ADA.name, 'a better password', '#/people/class/python-1', { locale: 'fr-FR' });
  await theirs.getByRole('heading', { name: 'Les mêmes erreurs' }).waitFor();
  await theirs.getByRole('listitem').filter({ hasText: 'IndexError' }).getByText('2 personnes').waitFor();
  await theirs.getByRole('tab', { name: 'Utilisateurs' }).click();
  await theirs.getByText('Enseignant').waitFor();
  await theirs.getByRole('button', { name: 'Se déconnecter' }).click();
  await at(theirs, '#/');
  await goTo(theirs, '#/login');
  await theirs.getByLabel('Nom').fill('ada');
  await theirs.getByLabel('Mot de passe').fill('faux');
  await main(theirs).getByRole('button', { name: 'Se connecter' }).click();
  await theirs.getByRole('alert').getByText('Le nom ou le mot de passe est faux.').waitFor();
  await theirs.context().close();
});

// Last: an address that has tried too often waits, whoever is behind it.
test('too many tries have to wait, and see for how long', async () => {
  const { page: stranger } = await open(browser, `${place.url}/#/login`);
  await stranger.getByLabel('Name').waitFor();
  const status = await stranger.evaluate(async () => {
    const headers = { 'content-type': 'application/json', 'x-ruche': '1' };
    const body = JSON.stringify({ name: 'mallory', password: 'a wrong guess' });
    const tries = Array.from({ length: 40 }, () => fetch('/api/v1/session', { method: 'POST', headers, body }));
    return (await Promise.all(tries)).map((response) => response.status);
  });
  expect(status).toContain(429);
  await logIn(stranger, 'mallory', 'a wrong guess');
  const note = stranger.getByRole('alert').getByText(/possible in \d+ s/);
  await note.waitFor();
  expect(await main(stranger).getByRole('button', { name: 'Log in' }).isDisabled()).toBe(true);
  const before = await note.textContent();
  await until('the seconds to go by', async () => (await note.count()) === 0 || (await note.textContent()) !== before || undefined);
  await stranger.context().close();
});

test('nothing was wrong in the page all the while', () => {
  expect(errors).toEqual([]);
});
