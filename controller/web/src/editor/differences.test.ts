import { expect, test } from 'vitest';
import { comparison } from '../shared/comparing';
import { diff } from './diff';
import { apart, rows } from './differences';

const drawn = (expected: string[], got: string[]): string[] =>
  rows(diff(expected.join('\n'), got.join('\n'), comparison('exact')).lines).map((row) => {
    if (row.type === 'folded') return `… ${row.count}`;
    const { kind, text } = row.line;
    const marked = row.mark ? `${text.slice(0, row.mark.from)}[${text.slice(row.mark.from, row.mark.to)}]${text.slice(row.mark.to)}` : text;
    return `${{ same: ' ', missing: '-', extra: '+' }[kind]}${marked}${row.isFirst ? ' !' : ''}`;
  });

const numbers = (n: number): string[] => Array.from({ length: n }, (_, index) => String(index + 1));

test('what is the same far from a difference is left out', () => {
  const got = numbers(20);
  got[9] = '1x';
  expect(drawn(numbers(20), got)).toEqual(['… 6', ' 7', ' 8', ' 9', '-1[0] !', '+1[x]', ' 11', ' 12', ' 13', '… 7']);
});

test('a stretch between two differences is left out where it is long', () => {
  const got = numbers(30);
  got[0] = 'a';
  got[29] = 'b';
  expect(drawn(numbers(30), got)).toEqual(['-[1] !', '+[a]', ' 2', ' 3', ' 4', '… 22', ' 27', ' 28', ' 29', '-30', '+b']);
});

test('few lines are all shown, and so is everything where nothing differs', () => {
  expect(drawn(['a', 'b', 'c', 'd'], ['a', 'b', 'c', 'D'])).toEqual([' a', ' b', ' c', '-[d] !', '+[D]']);
  expect(drawn(numbers(9), numbers(9))).toHaveLength(9);
});

test('a line without a counterpart is marked as a whole', () => {
  expect(drawn(['a', 'b'], ['a'])).toEqual([' a', '-b !']);
});

test('no line is lost or shown twice', () => {
  let seed = 3;
  const random = (n: number): number => (seed = (seed * 1103515245 + 12345) % 2147483648) % n;
  for (let round = 0; round < 200; round += 1) {
    const expected = numbers(random(60));
    const got = expected.filter(() => random(20) > 0).map((line) => (random(15) === 0 ? `${line}x` : line));
    const { lines } = diff(expected.join('\n'), got.join('\n'), comparison('exact'));
    const shown = rows(lines).reduce((sum, row) => sum + (row.type === 'folded' ? row.count : 1), 0);
    expect(shown).toBe(lines.length);
  }
});

test('what two lines do not share', () => {
  expect(apart('abcd', 'abxd')).toEqual([{ from: 2, to: 3 }, { from: 2, to: 3 }]);
  expect(apart('aa', 'aaa')).toEqual([{ from: 2, to: 2 }, { from: 2, to: 3 }]);
});
