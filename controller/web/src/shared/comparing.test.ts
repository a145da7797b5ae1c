import { expect, test } from 'vitest';
import { comparison, firstDifference, kindOf } from './comparing';
import type { Checker } from './types';

const float = (absolute: number, relative: number): Checker => ({ float: { absolute, relative } });

test.each<[Checker | undefined, string, string, string | undefined]>([
  ['trimmed', '1\n2', '1 \r\n2\n\n', undefined],
  [undefined, '1\n2', '1\n\n2', 'line 2'],
  ['trimmed', '1', ' 1', 'line 1'],
  ['trimmed', '1\n2', '1', 'line 2'],
  ['exact', '1\n', '1', 'line 1'],
  ['exact', 'a\nb\n', 'a\nb \n', 'line 2'],
  ['exact', 'a\n', 'a\n', undefined],
  ['tokens', '1 2\n3\n', ' 1\n\n2\t3', undefined],
  ['tokens', '1 2 3', '12 3', 'word 1'],
  ['tokens', '1 2', '1 2 3', 'word 3'],
  ['unordered_lines', 'a\nb', 'b\nc', undefined],
  [{ float: {} }, 'x = 0.3333333\n1e10', 'x = 0.3333334 10000000001', undefined],
  [{ float: {} }, 'x 1', 'y 1', 'word 1'],
  [float(0, 0.01), '-100', '-101', undefined],
  [float(0, 0.01), '0', '0.001', 'word 1'],
  [float(1, 1), 'nan', '1', 'word 1'],
  [float(1, 1), '0x10', '16', 'word 1'],
])('%j: %j and %j differ first in %s', (checker, expected, got, where) => {
  const found = firstDifference(expected, got, checker);
  expect(found && `${found.unit} ${found.at}`).toBe(where);
});

test('what came in its place is told', () => {
  expect(firstDifference('1 2 3', '1 2', 'tokens')).toEqual({ unit: 'word', at: 3, expected: '3', got: undefined });
});

test('lines in any order are compared in one order, and empty ones do not count', () => {
  expect(comparison('unordered_lines').lines('b\n\na \n')).toEqual(['a', 'b']);
});

test('kinds', () => {
  expect([kindOf(undefined), kindOf('tokens'), kindOf({ float: {} })]).toEqual(['trimmed', 'tokens', 'float']);
});

test('rows of blanks take no time', () => {
  const text = `${' '.repeat(300_000)}x`;
  const start = performance.now();
  for (const checker of ['trimmed', 'exact', 'tokens', 'unordered_lines'] as const) firstDifference(text, `${text}y`, checker);
  expect(performance.now() - start).toBeLessThan(500);
});
