import { expect, test } from 'vitest';
import type { LanguageInfo } from '../shared/types';
import { extension, faultOf, languageOf, read, unused } from './files';

const languages = [{ id: 'c', extensions: ['c'] }, { id: 'cpp', extensions: ['cpp', 'C'] }] as LanguageInfo[];

test('the language is known by the first file that has one', () => {
  expect(languageOf(['README', 'util.h', 'a.c', 'b.cpp'], languages)?.id).toBe('c');
  expect(languageOf(['a.C'], languages)?.id).toBe('cpp');
  expect(languageOf(['a.py'], languages)).toBeUndefined();
});

test('extensions', () => {
  expect(['a/b.py', 'Makefile', 'a.b/c', '.profile'].map(extension)).toEqual(['py', '', '', 'profile']);
});

test('a second file of a name gets another', () => {
  expect(unused('main.py', [])).toBe('main.py');
  expect(unused('main.py', ['main.py', 'main-2.py'])).toBe('main-3.py');
  expect(unused('Makefile', ['Makefile'])).toBe('Makefile-2');
});

test.each([
  ['', 'empty'],
  ['a.py', 'taken'],
  ['/a', 'wrong'],
  ['a//b', 'wrong'],
  ['../a', 'wrong'],
  ['é'.repeat(128), 'long'],
  ['lib/b.py', undefined],
])('the name %j: %s', (path, fault) => {
  expect(faultOf(path, ['a.py'])).toBe(fault);
});

test('files that are not text are base64', async () => {
  const files = await read([new File(['é'], 'a.txt'), new File([new Uint8Array([255, 0])], 'b.bin')].map((file) => Object.assign(file, { webkitRelativePath: '' })));
  expect(files).toEqual([{ path: 'a.txt', content: 'é' }, { path: 'b.bin', base64: '/wA=' }]);
});
