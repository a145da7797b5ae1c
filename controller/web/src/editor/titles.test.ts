import { expect, test } from 'vitest';
import type { LanguageInfo } from '../shared/types';
import { grouped, titleOf } from './titles';

test.each([
  ['Python', 'Python 3.11.2', 'Python 3.11.2'],
  ['C', 'gcc (Debian 12.2.0-14) 12.2.0', 'C (gcc 12.2.0)'],
  ['C++', 'g++ (Debian 12.2.0-14) 12.2.0', 'C++ (g++ 12.2.0)'],
  ['Java', 'openjdk 17.0.13 2024-10-15', 'Java (openjdk 17.0.13)'],
  ['Java', 'openjdk 21 2023-09-19', 'Java (openjdk 21)'],
  ['Java 21', 'openjdk 21 2023-09-19', 'Java 21 (openjdk 21)'],
  ['C++20', 'g++ (Debian 12.2.0-14) 12.2.0', 'C++20 (g++ 12.2.0)'],
  ['Python 3.13', 'Python 3.13.1', 'Python 3.13.1'],
  ['C (GCC 11)', 'gcc-11 (Debian 11.3.0-12) 11.3.0', 'C (GCC 11.3.0)'],
  ['C++20 (GCC 11)', 'g++-11 (Debian 11.3.0-12) 11.3.0', 'C++20 (GCC 11.3.0)'],
  ['SQL (SQLite)', '3.40.1 2022-12-28', 'SQL (SQLite 3.40.1)'],
  ['Lua 5.1 (LuaJIT)', 'LuaJIT 2.1.0-beta3 -- Copyright', 'Lua 5.1 (LuaJIT 2.1.0)'],
  ['Assembly (NASM, x86-64)', 'NASM version 2.16.01', 'Assembly (NASM, x86-64) 2.16.01'],
  ['Lua', '5.4', 'Lua 5.4'],
  ['Odd', 'no number', 'Odd'],
])('%s, %s: %s', (name, version, title) => {
  expect(titleOf({ name, versions: [version] })).toBe(title);
  expect(titleOf({ name, versions: [] })).toBe(name);
});

test('versions of one language stand together, where the first of them is', () => {
  const names = ['C', 'C++17', 'Python 3.11', 'C++', 'Go', 'Python 3.13', 'C++20 (GCC 11)', 'Fortran 90', 'C (GCC 11)'];
  const groups = grouped(names.map((name) => ({ id: name, name }) as LanguageInfo));
  expect(groups.map(({ name, languages }) => [name, languages.map((language) => language.name)])).toEqual([
    ['C', ['C', 'C (GCC 11)']],
    ['C++', ['C++17', 'C++', 'C++20 (GCC 11)']],
    ['Python', ['Python 3.11', 'Python 3.13']],
    ['Go', ['Go']],
    ['Fortran', ['Fortran 90']],
  ]);
});
