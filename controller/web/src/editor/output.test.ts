import { expect, test } from 'vitest';
import { Output, visible } from './output';

const rows = (output: Output): string[] =>
  Array.from({ length: output.length }, (_, index) => `${output.row(index)?.source} ${output.row(index)?.text}`);

test('pieces become lines', () => {
  const output = new Output();
  output.write(1, 'stdout', 'one\ntw');
  output.write(1, 'stdout', 'o\n\nthree');
  expect(rows(output)).toEqual(['stdout one', 'stdout two', 'stdout ', 'stdout three']);
  expect(output.text('stdout')).toBe('one\ntwo\n\nthree');
});

test('the two outputs do not share a line, and each can be had alone', () => {
  const output = new Output();
  output.write(1, 'stdout', 'Name: ');
  output.write(1, 'stderr', 'oops\n');
  output.write(1, 'stdout', 'Ada\n');
  expect(rows(output)).toEqual(['stdout Name: ', 'stderr oops', 'stdout Ada']);
  expect(output.text('stdout')).toBe('Name: Ada\n');
  expect(output.text('stderr')).toBe('oops\n');
});

test('a letter that comes in two pieces is one letter', () => {
  const output = new Output();
  const bytes = (...values: number[]) => ({ base64: btoa(String.fromCharCode(...values)) });
  output.write(1, 'stdout', bytes(0x63, 0xc3));
  output.write(1, 'stdout', bytes(0xa9));
  output.write(1, 'stdout', ' été');
  expect(output.text('stdout')).toBe('cé été');
});

test('a long line is several rows, and one line again in the text', () => {
  const output = new Output({ rowLetters: 4 });
  output.write(1, 'stdout', 'abcdefghij\nkl');
  expect(rows(output)).toEqual(['stdout abcd', 'stdout efgh', 'stdout ij', 'stdout kl']);
  output.write(1, 'stdout', 'mn\n');
  output.write(1, 'stdout', 'op\n');
  expect(output.text('stdout')).toBe('abcdefghij\nklmn\nop\n');
});

test('the oldest lines go where there are too many, and it is known how many', () => {
  const output = new Output({ rows: 3 });
  output.write(1, 'stdout', '1\n2\n3\n4\n5\n');
  expect(rows(output)).toEqual(['stdout 3', 'stdout 4', 'stdout 5']);
  expect(output.dropped).toBe(2);
  output.clear();
  expect([output.length, output.dropped]).toEqual([0, 0]);
});

test('letters are bounded as well', () => {
  const output = new Output({ letters: 100 });
  for (let n = 0; n < 100; n += 1) output.write(1, 'stdout', '123456789\n');
  expect(output.length).toBe(10);
  expect(output.dropped).toBe(90);
});

test('a million lines are taken in quickly, and hold a bounded number', () => {
  const output = new Output();
  const piece = 'a line of output\n'.repeat(10_000);
  const start = performance.now();
  for (let n = 0; n < 100; n += 1) output.write(1, 'stdout', piece);
  expect(performance.now() - start).toBeLessThan(3000);
  expect(output.length).toBe(200_000);
  expect(output.dropped).toBe(800_000);
});

test.each([
  ['plain', 'plain'],
  ['\x1b[31mred\x1b[0m', 'red'],
  ['\x1b]0;title\x07text', 'text'],
  ['10%\r50%\r100%', '100%'],
  ['dos\r', 'dos'],
])('%j is shown as %j', (text, shown) => {
  expect(visible(text)).toBe(shown);
});
