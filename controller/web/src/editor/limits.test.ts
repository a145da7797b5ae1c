import { expect, test } from 'vitest';
import { isFine, NO_LIMITS, request, resolve, shown, toTexts, typed } from './limits';

const usual = { cpu_seconds: 5, wall_seconds: 15, memory_bytes: 256 << 20, processes: 64, output_bytes: 1 << 20, disk_bytes: 1 << 20 };
const most = { ...usual, cpu_seconds: 60, wall_seconds: 40 };

test('what is empty is not asked for', () => {
  expect(request(NO_LIMITS)).toEqual({});
  expect(request({ cpu: '2', wall: ' ', memory: '64' })).toEqual({ cpu_seconds: 2, memory_bytes: 64 << 20 });
});

test('a French comma is a number, a word is not', () => {
  expect(typed('1,5')).toBe(1.5);
  expect(typed('much')).toBeUndefined();
  expect(typed('-1')).toBeUndefined();
});

test('what is over the most is not fine', () => {
  expect(isFine('', 10)).toBe(true);
  expect(isFine('10', 10)).toBe(true);
  expect(isFine('11', 10)).toBe(false);
  expect(isFine('0', 10)).toBe(false);
  expect(isFine('11')).toBe(true);
});

test('texts ask for the limits they came from', () => {
  const asked = { cpu_seconds: 2.5, memory_bytes: 64 << 20 };
  expect(request(toTexts(asked))).toEqual(asked);
});

test('the clock grows with the processor time, up to the most', () => {
  expect(resolve({}, usual, most)).toEqual(usual);
  expect(resolve({ cpu_seconds: 20 }, usual, most).wall_seconds).toBe(30);
  expect(resolve({ cpu_seconds: 60 }, usual, most).wall_seconds).toBe(40);
  expect(resolve({ wall_seconds: 3 }, usual, most).wall_seconds).toBe(3);
});

test('memory is shown in megabytes', () => {
  expect(shown(usual, 'memory')).toBe(256);
  expect(shown(usual, 'cpu')).toBe(5);
});
