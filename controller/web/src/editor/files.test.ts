import { expect, test } from 'vitest';
import type { LanguageInfo } from '../shared/types';
import { extension, faultOf, languageOf, unused } from './files';

const languages = [{ id: 'c', extensions: ['c'] }, { id: 'cpp', extensions: ['cpp', 'C'] }] as LanguageInfo[];

test('the language is the one that most files are called by', () => {
  expect(languageOf(['README', 'util.h', 'a.c', 'b.cpp'], languages)?.id).toBe('c');
  expect(languageOf(['a.c', 'b.cpp', 'c.cpp'], languages)?.id).toBe('cpp');
  expect(languageOf(['a.C'], languages)?.id).toBe('cpp');
  expect(languageOf(['a.py'], languages)).toBeUndefined();
  expect(languageOf([], languages)).toBeUndefined();
});

test('of versions that share their files, the chosen one stays', () => {
  const versions = [{ id: 'cpp17', extensions: ['cpp'] }, { id: 'cpp20', extensions: ['cpp'] }] as LanguageInfo[];
  expect(languageOf(['a.cpp'], versions)?.id).toBe('cpp17');
  expect(languageOf(['a.cpp'], versions, 'cpp20')?.id).toBe('cpp20');
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
