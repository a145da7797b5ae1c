import { expect, test } from 'vitest';
import { comparison } from '../shared/comparing';
import type { Checker } from '../shared/types';
import * as compared from './diff';

const diff = (expected: string, got: string, checker: Checker = 'exact') => compared.diff(expected, got, comparison(checker));

const marks = { same: ' ', missing: '-', extra: '+' };
const drawn = (expected: string, got: string): string[] => diff(expected, got).lines.map((line) => marks[line.kind] + line.text);

test('equal texts have no differences', () => {
  expect(drawn('a\nb\n', 'a\nb\n')).toEqual([' a', ' b']);
  expect(drawn('', '')).toEqual([]);
});

test('what is missing and what is too much stand where they belong', () => {
  expect(drawn('a\nb\nc', 'a\nx\nc')).toEqual([' a', '-b', '+x', ' c']);
  expect(drawn('a\nb\nc\nd', 'b\nc\nd\ne')).toEqual(['-a', ' b', ' c', ' d', '+e']);
  expect(drawn('', 'new')).toEqual(['+new']);
  expect(drawn('old', '')).toEqual(['-old']);
});

test('lines are numbered on both sides', () => {
  const { lines } = diff('a\nb\nc', 'b\nc\nd');
  expect(lines.map((line) => [line.expected, line.got])).toEqual([[1, undefined], [2, 1], [3, 2], [undefined, 3]]);
});

/** Whether the lines kept and missing are what was expected, and those kept and extra what came. */
function restores(expected: string[], got: string[]): boolean {
  const { lines } = diff(expected.join('\n'), got.join('\n'));
  const left = lines.filter((line) => line.kind !== 'extra').map((line) => line.text);
  const right = lines.filter((line) => line.kind !== 'missing').map((line) => line.text);
  return left.join('\n') === expected.join('\n') && right.join('\n') === got.join('\n');
}

test('both texts can be read out of it, whatever they are', () => {
  let seed = 7;
  const random = (n: number): number => (seed = (seed * 1103515245 + 12345) % 2147483648) % n;
  for (let round = 0; round < 300; round += 1) {
    const text = (): string[] => Array.from({ length: 1 + random(12) }, () => 'abc'[random(3)] as string);
    expect(restores(text(), text())).toBe(true);
  }
});

test('thousands of different lines are done with at once', () => {
  const numbers = (from: number): string[] => Array.from({ length: 20_000 }, (_, n) => String(from + n));
  const start = performance.now();
  const { lines, isCut } = diff(numbers(0).join('\n'), numbers(1_000_000).join('\n'));
  expect(performance.now() - start).toBeLessThan(2000);
  expect(isCut).toBe(true);
  expect(lines).toHaveLength(10_000);
});

test('what does not count for the checker is no difference', () => {
  const kinds = (checker: Checker, expected: string, got: string): string[] => diff(expected, got, checker).lines.map(({ kind }) => kind);
  expect(kinds('trimmed', 'a\nb', 'a  \nb\t\r\n\n\n')).toEqual(['same', 'same']);
  expect(kinds('trimmed', 'a\nb', ' a\nb')).toEqual(['missing', 'extra', 'same']);
  expect(kinds('tokens', '1 2\n3', ' 1  2\n\n3')).toEqual(['same', 'same']);
  expect(kinds({ float: {} }, '1.0 x\n2', '1.0000001 x\n3')).toEqual(['same', 'missing', 'extra']);
  expect(kinds('unordered_lines', 'a\nb\nc', 'c\nd\na')).toEqual(['same', 'missing', 'same', 'extra']);
});
