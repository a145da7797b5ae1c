import { expect, test } from 'vitest';
import { isPicture, ofJob, ofShared, sorted } from './artifacts';

test('pictures are known by their names', () => {
  expect(['a.png', 'b/c.JPG', 'x.jpeg', 'x.gif', 'x.webp', 'x.svg', 'x.html', 'png', 'x.png.exe', 'x.bmp'].map(isPicture)).toEqual([
    true, true, true, true, true, true, false, false, false, false,
  ]);
});

test('pictures stand apart, and an empty file is none', () => {
  const files = [{ path: 'a.txt', size: 1 }, { path: 'b.png', size: 2 }, { path: 'c.png', size: 0 }];
  expect(sorted(files)).toEqual({ pictures: [files[1]], others: [files[0], files[2]] });
});

test('the address of a file keeps its folders, and hides nothing that a name may hold', () => {
  expect(ofJob('j 1', 0)('out/a b?#.png')).toBe('/api/v1/jobs/j%201/artifacts/out/a%20b%3F%23.png?run=0');
  expect(ofShared('t', 2)('x.txt')).toBe('/api/v1/shared/t/artifacts/x.txt?run=2');
});
