import { expect, test } from 'vitest';
import { parseArgs, quoteArgs } from './args';

test.each([
  ['', []],
  ['   ', []],
  ['one two', ['one', 'two']],
  ['  one \t two\n', ['one', 'two']],
  ['"a b" c', ['a b', 'c']],
  [`'a "b" \\' c`, ['a "b" \\', 'c']],
  ['"say \\"hi\\" \\n"', ['say "hi" \\n']],
  ['a\\ b', ['a b']],
  [`""`, ['']],
  [`x'y'"z"`, ['xyz']],
  ['$HOME *', ['$HOME', '*']],
  ['é 😀', ['é', '😀']],
])('%j is parted as a shell would', (line, args) => {
  expect(parseArgs(line)).toEqual({ args });
});

test.each([
  ['"a', '"'],
  ["it's", "'"],
  ['a \\', '\\'],
])('%j is not finished', (line, unclosed) => {
  expect(parseArgs(line)).toEqual({ unclosed });
});

test('what was quoted is parted into the same', () => {
  const args = ['plain', 'two words', '', "it's", 'say "hi"', 'back\\slash', '\n', '😀'];
  expect(parseArgs(quoteArgs(args))).toEqual({ args });
});
