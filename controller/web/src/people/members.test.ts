import { expect, test } from 'vitest';
import type { JobSummary } from '../shared/types';
import { absorb, counts, hasGap, KEPT, overlooked, rows } from './members';

let made = 0;
const job = (owner: string, second: number, given: Partial<JobSummary> = {}): JobSummary => ({
  ...{ id: `job-${++made}`, owner, state: 'finished', verdict: 'ok', language: 'c', attempts: 1 },
  ...{ usage: { cpu_ms: 0, wall_ms: 0, memory_bytes: 0 }, queued_at: new Date(second * 1000).toISOString() },
  ...given,
});
const members = new Set(['ada', 'bob', 'cy']);
const none = new Map<string, JobSummary>();

test('everybody with the last job, by name, or those who fail first', () => {
  const known = absorb(none, [job('ada', 2), job('bob', 1), job('bob', 3, { verdict: 'compile_error' }), job('eve', 9)], members);
  const table = rows(members, known, false);
  expect(table.map((row) => [row.name, row.last?.verdict])).toEqual([['ada', 'ok'], ['bob', 'compile_error'], ['cy', undefined]]);
  expect(rows(members, known, true).map((row) => row.name)).toEqual(['bob', 'ada', 'cy']);
  expect(counts(table)).toEqual({ ok: 1, failing: 1, busy: 0, nothing: 1 });
});

test('news that says nothing new leaves everything as it is', () => {
  const known = absorb(none, [job('ada', 1)], members);
  expect(absorb(known, [...known.values(), job('eve', 2)], members)).toBe(known);
});

test('a job goes on, and an old answer does not take it back', () => {
  const running = job('ada', 1, { id: 'x', state: 'running' });
  delete running.verdict;
  const done = job('ada', 1, { id: 'x' });
  const known = absorb(absorb(none, [running], members), [done], members);
  expect(known.get('x')?.state).toBe('finished');
  expect(absorb(known, [running], members).get('x')?.state).toBe('finished');
});

test('one who writes a lot does not push the others out', () => {
  const many = Array.from({ length: 3 * KEPT }, (_, index) => job('ada', 100 + index));
  const known = absorb(none, [job('bob', 1), ...many], members);
  expect(known.size).toBe(KEPT + 1);
  expect(rows(members, known, false).map((row) => row.last !== undefined)).toEqual([true, true, false]);
});

test('a job that is still open and was not on the page is asked for again', () => {
  const open = job('bob', 1, { state: 'queued' });
  const known = absorb(none, [open, job('ada', 2)], members);
  expect(overlooked(known, [job('cy', 3)])).toEqual(['bob']);
  expect(overlooked(known, [open])).toEqual([]);
});

test('more jobs than a page holds since the last look leave a gap', () => {
  const before = job('ada', 10);
  expect(hasGap(before, [job('eve', 30), job('eve', 20)], false)).toBe(true);
  expect(hasGap(before, [job('eve', 30), before], false)).toBe(false);
  expect(hasGap(before, [job('eve', 30), job('eve', 20)], true), 'there are no others').toBe(false);
  expect(hasGap(undefined, [job('eve', 30)], false)).toBe(false);
});
