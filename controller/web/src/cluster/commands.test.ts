import { expect, test } from 'vitest';
import { isLoopback, join, startAt } from './commands';
import { decimal, uptime } from './words';

test('an address of six groups is put in brackets, once', () => {
  expect(join('master', 7001, 'ruche-join-x')).toBe('runner join master:7001 ruche-join-x');
  expect(startAt('fd00::1', 7001)).toBe('runner start --controller [fd00::1]:7001');
  expect(startAt('[fd00::1]', 7001)).toBe('runner start --controller [fd00::1]:7001');
});

test('names that mean “this machine” everywhere are known', () => {
  for (const name of ['localhost', 'a.localhost', '127.0.0.1', '127.8.9.1', '[::1]', '::1']) expect(isLoopback(name), name).toBe(true);
  for (const name of ['lab', '10.0.0.1', 'localhost.example', '[fd00::1]']) expect(isLoopback(name), name).toBe(false);
});

test('uptime is told in two units at most, digits only where there are any', () => {
  const minute = 60_000;
  expect([-5, 59_000, 59 * minute, 61 * minute, 49 * 60 * minute].map(uptime)).toEqual(['0 s', '59 s', '59 min', '1 h 1 min', '2 d 1 h']);
  expect([0, 0.04, 1.96, 12.34, 1234.5].map(decimal)).toEqual(['0', '0', '2', '12.3', '1,234.5']);
});
