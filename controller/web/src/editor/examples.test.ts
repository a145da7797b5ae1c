import { expect, test } from 'vitest';
import { example } from './examples';
import { indentOf, load, modeOf } from './modes';

const LANGUAGES = 'python c cpp java javascript typescript go rust ruby php perl lua bash haskell ocaml pascal fortran csharp kotlin scala r prolog sqlite assembly'.split(' ');

test.each(LANGUAGES)('there is a friendly first program in %s', (language) => {
  const { path, content = '' } = example(language, undefined);
  expect(path).toMatch(/^main\.\w+$/i);
  expect(content).toContain('Hello from');
  expect(content.split('\n').length).toBeLessThan(25);
});

test('a language that nobody knows starts with an empty file of its name', () => {
  expect(example('brainfuck', 'bf')).toEqual({ path: 'main.bf', content: '' });
  expect(example('what', undefined)).toEqual({ path: 'main.txt', content: '' });
});

test('a version of a language starts as the language does', () => {
  expect(example('cpp20', 'cpp')).toEqual(example('cpp', 'cpp'));
  expect(example('c-gcc11', 'c')).toEqual(example('c', 'c'));
  expect(example('luajit', 'lua')).toEqual(example('lua', 'lua'));
  expect(example('python3.13', 'py')).toEqual(example('python', 'py'));
});

test('examples are coloured, where there is a mode', async () => {
  const plain = ['prolog'];
  for (const language of LANGUAGES) {
    const mode = modeOf(example(language, undefined).path, language);
    if (plain.includes(language)) expect(mode).toBeUndefined();
    else expect(await load(mode ?? ''), language).toBeDefined();
  }
});

test('a .pl is Perl only in Perl', () => {
  expect(modeOf('main.pl', 'perl')).toBe('perl');
  expect(modeOf('main.pl', 'prolog')).toBeUndefined();
});

test('indentation', () => {
  expect([indentOf('go'), indentOf('python'), indentOf('ruby'), indentOf(undefined)]).toEqual(['\t', '    ', '  ', '    ']);
});
