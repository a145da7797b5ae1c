import { expect, test } from 'vitest';
import type { StepResult } from '../shared/types';
import { ended, limitText, remarks, spanName, spanNote } from './words';

const step: StepResult = { verdict: 'ok', truncated: false, flags: [], usage: { cpu_ms: 1, wall_ms: 1, memory_bytes: 1 } };
const span = { from: 0, to: 1, ms: 1 };

test('how a program ended: by itself, by a signal with its name, or by a limit', () => {
  expect(ended({ ...step, exit_code: 3 })).toBe('exit 3');
  expect(ended({ ...step, signal: 11 })).toBe('signal 11 (SIGSEGV)');
  expect(ended({ ...step, signal: 64 })).toBe('signal 64');
  expect(ended(step)).toBe('');
});

test('what else happened is told in words, also what this page does not know', () => {
  expect(remarks({ ...step, truncated: true, flags: ['disk_full', 'moonstruck'] })).toEqual(['The output was cut off.', 'Its disk was full.', 'moonstruck']);
});

test('pieces of time have names', () => {
  const run = (index: number, name?: string, count = 1) => spanName({ ...span, kind: 'run', run: { index, name, count } });
  expect([run(0), run(1), run(1, 'second'), run(0, undefined, 100)]).toEqual(['Run', 'Run 2', 'second', '100 runs']);
  expect(spanName({ ...span, kind: 'queued' })).toBe('In the queue');
  expect(spanNote({ ...span, kind: 'lost', attempt: 1, runner: 'lab-1', reason: 'its link broke' })).toBe('attempt 1, lab-1: its link broke');
});

test('limits have their units', () => {
  expect([limitText('cpu_seconds', 0.5), limitText('memory_bytes', 2 ** 26), limitText('processes', 64)]).toEqual(['500 ms', '64 MB', '64']);
});
