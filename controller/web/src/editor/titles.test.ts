import { expect, test } from 'vitest';
import { titleOf } from './titles';

test.each([
  ['Python', 'Python 3.11.2', 'Python 3.11.2'],
  ['C', 'gcc (Debian 12.2.0-14) 12.2.0', 'C (gcc 12.2.0)'],
  ['C++', 'g++ (Debian 12.2.0-14) 12.2.0', 'C++ (g++ 12.2.0)'],
  ['Java', 'openjdk 17.0.13 2024-10-15', 'Java (openjdk 17.0.13)'],
  ['Java', 'openjdk 21 2023-09-19', 'Java (openjdk 21)'],
  ['Lua', '5.4', 'Lua 5.4'],
  ['Odd', 'no number', 'Odd'],
])('%s, %s: %s', (name, version, title) => {
  expect(titleOf({ name, versions: [version] })).toBe(title);
  expect(titleOf({ name, versions: [] })).toBe(name);
});
