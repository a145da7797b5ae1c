import { expect, test } from 'vitest';
import type { Job, JobEvent, StepResult } from '../shared/types';
import { advance, type Progress, START } from './progress';

const result: StepResult = { verdict: 'ok', exit_code: 0, truncated: false, flags: [], usage: { cpu_ms: 1, wall_ms: 2, memory_bytes: 3 } };
const job = { id: 'x', state: 'finished', verdict: 'ok', language: 'c', runs: [result, result], runner: 'lab-1', attempts: 1, queued_at: '' } as Job;

const after = (...events: JobEvent[]): Progress => events.reduce((now, event, index) => advance(now, index + 1, event), START);

test('a job is queued, runs, and ends', () => {
  expect(after({ type: 'queued', position: 3 })).toMatchObject({ phase: 'queued', position: 3 });
  const running = after({ type: 'queued', position: 0 }, { type: 'started', runner: 'lab-1', attempt: 1 }, { type: 'step_started', step: 0 });
  expect(running).toMatchObject({ phase: 'running', position: undefined, runner: 'lab-1', step: 0 });
  const compiled = advance(running, 4, { type: 'step_finished', step: 0, result });
  expect(compiled.compile).toBe(result);
  expect(advance(compiled, 5, { type: 'finished', job })).toMatchObject({ phase: 'finished', verdict: 'ok', step: undefined });
});

test('the results of runs stand at their places, in whatever order they come', () => {
  const now = after({ type: 'step_finished', step: 3, result }, { type: 'step_finished', step: 1, result });
  expect(now.runs[0]).toBe(result);
  expect(now.runs[1]).toBeUndefined();
  expect(now.runs[2]).toBe(result);
});

test('an event that comes twice counts once', () => {
  const now = after({ type: 'queued', position: 3 });
  expect(advance(now, 1, { type: 'queued', position: 9 })).toBe(now);
});

test('after a lost runner everything before is void', () => {
  const now = after({ type: 'started', runner: 'lab-1', attempt: 1 }, { type: 'step_finished', step: 1, result }, { type: 'restarted', attempt: 1, reason: 'lost' });
  expect(now).toEqual({ ...START, seen: 3, restarted: 'lost' });
});

test('what a checker said of a run stays when the job has ended', () => {
  const wrong: StepResult = { ...result, verdict: 'wrong_answer', check: { output: 'too small' } };
  const ended = { ...job, runs: [{ ...wrong, check: {} }, result], score: { points: 1, of: 2 } };
  const now = after({ type: 'step_finished', step: 1, result: wrong }, { type: 'step_finished', step: 2, result }, { type: 'finished', job: ended });
  expect(now.runs.map((run) => run?.check?.output)).toEqual(['too small', undefined]);
  expect(now.score).toEqual({ points: 1, of: 2 });
});
