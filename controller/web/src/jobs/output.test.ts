import { expect, test } from 'vitest';
import { beginning, ending, FIRST_CHARACTERS, FIRST_LINES, lines, pieces } from './output';

const numbered = (count: number): string => Array.from({ length: count }, (_, index) => `${index + 1}\n`).join('');

test('a short text is shown whole', () => {
  for (const text of ['', 'one', 'one\ntwo\n', numbered(FIRST_LINES)]) {
    expect(beginning(text)).toEqual({ text, isCut: false });
    expect(ending(text)).toEqual({ text, isCut: false });
  }
});

test('of many lines the first or the last are shown', () => {
  const text = numbered(100_000);
  const first = beginning(text);
  expect([lines(first.text), first.text.endsWith('\n2000\n'), first.isCut]).toEqual([FIRST_LINES, true, true]);
  const last = ending(text);
  expect([lines(last.text), last.text.startsWith('98001\n'), last.isCut]).toEqual([FIRST_LINES, true, true]);
});

test('a line without end is bounded too', () => {
  const text = 'x'.repeat(1_000_000);
  expect(beginning(text)).toEqual({ text: text.slice(0, FIRST_CHARACTERS), isCut: true });
  expect(ending(text).text.length).toBe(FIRST_CHARACTERS);
});

test('a text is cut at the end of a line where it can be', () => {
  const text = `${'y'.repeat(FIRST_CHARACTERS - 10)}\n${'z'.repeat(1000)}`;
  expect(beginning(text).text).toBe(`${'y'.repeat(FIRST_CHARACTERS - 10)}\n`);
});

test.each([numbered(1000), 'x'.repeat(100_000), `short\n${'x'.repeat(70_000)}\nend`, 'one', ''])('pieces are the whole, and small', (text) => {
  const made = pieces(text);
  expect(made.join('')).toBe(text);
  expect(Math.max(0, ...made.map((piece) => piece.length))).toBeLessThanOrEqual(32_000);
});
