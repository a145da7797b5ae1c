import { expect, test } from 'vitest';
import { type Folder, isOpenAtFirst, isTree, treeOf } from './tree';

const drawn = (folder: Folder<{ path: string }>, depth = ''): string[] => [
  ...folder.folders.flatMap((one) => [`${depth}${one.name}/ ${one.count}`, ...drawn(one, `${depth}  `)]),
  ...folder.files.map(({ path }) => depth + path),
];
const files = (...paths: string[]) => paths.map((path) => ({ path }));

test('folders come before files, and numbers are in their order', () => {
  expect(drawn(treeOf(files('main.py', 'lib/b/10.txt', 'lib/b/9.txt', 'lib/a.py', 'data/x')))).toEqual([
    'data/ 1', '  data/x', 'lib/ 3', '  b/ 2', '    lib/b/9.txt', '    lib/b/10.txt', '  lib/a.py', 'main.py',
  ]);
});

test('folders with names of objects are folders like any other', () => {
  expect(drawn(treeOf(files('constructor/__proto__/x')))).toEqual(['constructor/ 1', '  __proto__/ 1', '    constructor/__proto__/x']);
});

test('a few files without folders need no tree', () => {
  expect(isTree(files('a', 'b'))).toBe(false);
  expect(isTree(files('a', 'b/c'))).toBe(true);
  expect(isTree(files(...Array.from({ length: 13 }, (_, index) => String(index))))).toBe(true);
});

test('of a large program only the folders of the file shown are open at first', () => {
  expect([isOpenAtFirst({ path: 'a' }, 10, 'b/x'), isOpenAtFirst({ path: 'a' }, 100, 'a/b/x'), isOpenAtFirst({ path: 'a' }, 100, 'ab/x')]).toEqual([true, true, false]);
});

test('ten thousand files take no time', () => {
  const many = files(...Array.from({ length: 10_000 }, (_, index) => `d${index % 100}/e${index % 10}/f${index}`));
  const start = performance.now();
  expect(treeOf(many).count).toBe(10_000);
  expect(performance.now() - start).toBeLessThan(500);
});
