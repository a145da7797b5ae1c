import { expect, test } from 'vitest';
import { matching } from './audit';
import { accountName, csv, people } from './names';
import { generate, SHORTEST } from './passwords';
import { amount, toForm, toQuota } from './quota';
import { inTurns } from './turns';

test.each([
  ['Ada Lovelace', 'ada.lovelace'],
  ['Zoë  Müller-Lüdenscheidt', 'zoe.muller-ludenscheidt'],
  ['Straße', 'strasse'],
  ['Siobhán O’Brien', 'siobhan.obrien'],
  ['ada@school.example', 'ada'],
  ['-._x_.-', 'x'],
  ['李', ''],
  ['a'.repeat(80), 'a'.repeat(64)],
])('the account of %j is %j', (title, name) => expect(accountName(title)).toBe(name));

test('a class list becomes accounts that nobody has yet', () => {
  const found = people('Lovelace, Ada\r\n\nHopper\tGrace\n  Lovelace, Ada \n', ['hopper.grace']);
  expect(found.map((one) => one.name)).toEqual(['lovelace.ada', 'hopper.grace2', 'lovelace.ada2']);
  expect(people('ada, bob; cy', []).map((one) => one.name)).toEqual(['ada', 'bob', 'cy']);
  expect(people(' \n ', [])).toEqual([]);
});

test('a table keeps its cells apart and has no formulas', () => {
  expect(csv([['Lovelace, Ada', 'x"y', '=1+1']])).toBe('"Lovelace, Ada","x""y",\'=1+1\r\n');
});

test('passwords are long enough, all different, and easily read', () => {
  const many = Array.from({ length: 200 }, generate);
  expect(new Set(many).size).toBe(200);
  for (const one of many) expect(one).toMatch(/^[a-hjkmnp-z2-9]{4}(-[a-hjkmnp-z2-9]{4}){2}$/);
  expect(many[0]?.length).toBeGreaterThan(SHORTEST);
});

test('limits go through the form and back', () => {
  const quota = { max_running: 2, max_queued: 0, cpu_seconds_per_day: 1.5, maximum: { memory_bytes: 64 * 1024 * 1024, processes: 8 } };
  expect(toForm(quota).memory_bytes).toBe(64);
  expect(toQuota(toForm(quota))).toEqual(quota);
  expect(amount(quota)).toBe(5);
});

test('an emptied field is no limit', () => {
  expect(toQuota({ max_running: null, cpu_seconds: undefined })).toEqual({ maximum: {} });
});

test('the log is searched in its own words and in those shown', () => {
  const entries = [
    { at: '', who: 'ada', from: '127.0.0.1', action: 'user_added', subject: 'bob', done: true },
    { at: '', from: '10.0.0.7', action: 'log_in', done: false },
  ];
  const words = (action: string): string => (action === 'user_added' ? 'Added a user' : 'Logged in');
  const found = (search: string, only = false): string[] => matching(entries, search, only, words).map((entry) => entry.action);
  expect(found('')).toEqual(['user_added', 'log_in']);
  expect(found('ADA added')).toEqual(['user_added']);
  expect(found('10.0')).toEqual(['log_in']);
  expect(found('', true)).toEqual(['log_in']);
  expect(found('ada', true)).toEqual([]);
});

test('never more at once than allowed, and one that fails leaves the others', async () => {
  let running = 0;
  let most = 0;
  const results = await inTurns([1, 2, 3, 4, 5, 6, 7], 3, async (item) => {
    most = Math.max(most, ++running);
    await Promise.resolve();
    running -= 1;
    if (item === 2) throw new Error('no');
  });
  expect(most).toBe(3);
  expect(results.map((result) => result.status === 'fulfilled')).toEqual([true, false, true, true, true, true, true]);
});
