import { expect, test } from 'vitest';
import { merged, testsOf } from './testFiles';
import { newTest } from './tests';

const files = (...paths: string[]) => paths.map((path) => ({ path, content: `of ${path}` }));

test('files in pairs are tests, in the order of their numbers', () => {
  const { tests, lonely } = testsOf(files('10.in', '10.out', '2.ans', '2.in', 'b/1.in', 'b/1.out', 'README'), true);
  expect(tests.map(({ name, stdin, expected }) => [name, stdin, expected])).toEqual([
    ['2', 'of 2.in', 'of 2.ans'],
    ['10', 'of 10.in', 'of 10.out'],
    ['b/1', 'of b/1.in', 'of b/1.out'],
  ]);
  expect(lonely).toEqual([]);
});

test('who has no partner is named', () => {
  expect(testsOf(files('1.in', '2.out', '3.in', '3.out'), true)).toMatchObject({ tests: [{ name: '3' }], lonely: ['1.in', '2.out'] });
});

test('where a program judges, an input may be enough', () => {
  expect(testsOf(files('1.in'), false)).toMatchObject({ tests: [{ name: '1', expected: '' }], lonely: [] });
});

test('only text is a test', () => {
  expect(testsOf([{ path: '1.in', base64: '/wA=' }, { path: '1.out', content: '' }], true)).toMatchObject({ tests: [], noText: ['1'] });
});

test('a test of the same name takes the place of the other, which keeps what is set for it', () => {
  const before = [newTest({ name: '1', stdin: 'old', weight: '3' }), newTest({ name: 'mine' })];
  const { tests, isCut } = merged(before, [newTest({ name: '2' }), newTest({ name: '1', stdin: 'new' })]);
  expect(tests.map(({ name, stdin, weight }) => [name, stdin, weight])).toEqual([['1', 'new', '3'], ['mine', '', ''], ['2', '', '']]);
  expect([tests[0]?.id === before[0]?.id, isCut]).toEqual([true, false]);
});

test('there are never more tests than a job may have', () => {
  const many = Array.from({ length: 1005 }, (_, index) => newTest({ name: String(index) }));
  const { tests, isCut } = merged([], many);
  expect([tests.length, isCut]).toEqual([1000, true]);
});
