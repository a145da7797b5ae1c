import { expect, test } from 'vitest';
import type { Job, JobSpec, StepResult, Verdict } from '../shared/types';
import { Follower } from './follower';
import { mostTelling, runSpec, shownSteps } from './steps';

const result = (verdict: Verdict, stdout = ''): StepResult => ({ verdict, stdout, truncated: false, flags: [], usage: { cpu_ms: 1, wall_ms: 1, memory_bytes: 1 } });
const job: Job = { id: 'a', state: 'finished', language: 'c', attempts: 1, queued_at: '2026-01-01T00:00:00Z', runs: [] };
const spec: JobSpec = { language: 'c', files: [], runs: [{ name: 'first' }, { args: ['2'] }] };

test('a finished job has its compilation, then its runs', () => {
  const steps = shownSteps({ ...job, compile: result('ok'), runs: [result('ok', 'one'), result('wrong_answer', 'two')] }, spec, undefined);
  expect(steps.map(({ step, stdout }) => [step, stdout.content, stdout.isTail])).toEqual([[0, '', false], [1, 'one', false], [2, 'two', false]]);
  expect(mostTelling(steps.slice(1))).toBe(2);
});

test('a job that runs has what came so far, under the names that were asked for', () => {
  const follower = new Follower();
  follower.apply({ type: 'step_started', step: 1 });
  follower.apply({ type: 'output', step: 1, stream: 'stdout', data: 'so far' });
  const steps = shownSteps({ ...job, state: 'running' }, spec, follower.view());
  expect(steps).toEqual([{ step: 1, name: 'first', result: undefined, stdout: { content: 'so far', isTail: true, isCut: false }, stderr: { content: '', isTail: true, isCut: false } }]);
});

test('what a run was given comes from its job where it has no runs', () => {
  expect(runSpec(spec, 2)).toEqual({ args: ['2'] });
  expect(runSpec({ language: 'c', files: [], args: ['x'], stdin: 'in' }, 1)).toEqual({ args: ['x'], stdin: 'in' });
  expect(runSpec(spec, 0)).toBeUndefined();
});
