import { expect, test } from 'vitest';
import type { JobAttempt, StepResult } from '../shared/types';
import { type Span, timeline, type Told } from './timeline';

const at = (ms: number): string => new Date(Date.UTC(2026, 0, 1) + ms).toISOString();
const step = (wall_ms: number, name?: string): StepResult => ({
  verdict: 'ok',
  truncated: false,
  flags: [],
  usage: { cpu_ms: wall_ms, wall_ms, memory_bytes: 1 },
  ...(name && { name }),
});
const attempt = (number: number, from: number, to?: number, end?: JobAttempt['end'], reason?: string): JobAttempt => ({
  attempt: number,
  runner: `lab-${number}`,
  started_at: at(from),
  ...(to !== undefined && { ended_at: at(to) }),
  ...(end && { end }),
  ...(reason && { reason }),
});
const brief = (spans: Span[]): string[] => spans.map((span) => `${span.kind} ${span.from}-${span.to}`);
const finished = (job: Partial<Told>, end: number): Told => ({ state: 'finished', queued_at: at(0), finished_at: at(end), runs: [], ...job });

test('a plain job: it waits, is compiled, and runs', () => {
  const job = finished({ started_at: at(100), compile: step(300), runs: [step(500, 'first')] }, 1000);
  const { total, spans } = timeline(job, [attempt(1, 100, 1000, 'finished')], Number.NaN);
  expect(total).toBe(1000);
  expect(brief(spans)).toEqual(['queued 0-100', 'around 100-200', 'compile 200-500', 'run 500-1000']);
  expect(spans[3]).toMatchObject({ ms: 500, attempt: 1, runner: 'lab-1', run: { index: 0, name: 'first', count: 1 } });
});

test('lost and refused attempts are told of with their reasons, and the waiting between them', () => {
  const job = finished({ started_at: at(700), runs: [step(100)] }, 900);
  const attempts = [attempt(1, 10, 20, 'refused', 'full'), attempt(2, 20, 500, 'lost', 'its runner was lost'), attempt(3, 700, 900, 'finished')];
  const { spans } = timeline(job, attempts, Number.NaN);
  expect(brief(spans)).toEqual(['queued 0-10', 'refused 10-20', 'lost 20-500', 'queued 500-700', 'around 700-800', 'run 800-900']);
  expect(spans.map((span) => span.reason).filter(Boolean)).toEqual(['full', 'its runner was lost']);
});

test('a job that waits has only waited, until now', () => {
  const job: Told = { state: 'queued', queued_at: at(0), runs: [] };
  expect(brief(timeline(job, [], Date.parse(at(5000))).spans)).toEqual(['queued 0-5000']);
});

test('a job that runs has its steps so far, and the rest is still running', () => {
  const job: Told = { state: 'running', queued_at: at(0), started_at: at(50), compile: step(200), runs: [] };
  const { total, spans } = timeline(job, [attempt(1, 50)], Date.parse(at(400)));
  expect([total, brief(spans)]).toEqual([400, ['queued 0-50', 'compile 50-250', 'running 250-400']]);
});

test('a clock here that is behind the controller’s makes nothing negative', () => {
  const job: Told = { state: 'running', queued_at: at(0), started_at: at(50), runs: [] };
  const { total, spans } = timeline(job, [attempt(1, 50)], Date.parse(at(-9000)));
  expect([total, brief(spans)]).toEqual([50, ['queued 0-50', 'running 50-50']]);
});

test('steps that are measured longer than their attempt are drawn within it and told as measured', () => {
  const job = finished({ compile: step(150), runs: [step(50)] }, 100);
  const { spans } = timeline(job, [attempt(1, 0, 100, 'finished')], Number.NaN);
  expect(brief(spans)).toEqual(['compile 0-75', 'run 75-100']);
  expect(spans.map((span) => span.ms)).toEqual([150, 50]);
});

test('many runs are one piece', () => {
  const job = finished({ runs: Array.from({ length: 100 }, () => step(5)) }, 500);
  const { spans } = timeline(job, [attempt(1, 0, 500, 'finished')], Number.NaN);
  expect(spans).toEqual([{ kind: 'run', from: 0, to: 500, ms: 500, attempt: 1, runner: 'lab-1', run: { index: 0, name: undefined, count: 100 } }]);
});

test('a job stopped while it waited never ran', () => {
  expect(brief(timeline(finished({}, 80), [], Number.NaN).spans)).toEqual(['queued 0-80']);
});

test('without its attempts, as for a shared job, the last one is known from the job', () => {
  const job = finished({ started_at: at(30), runner: 'lab-9', runs: [step(20)] }, 60);
  expect(brief(timeline(job, [], Number.NaN).spans)).toEqual(['queued 0-30', 'around 30-40', 'run 40-60']);
});

test('a job that took no time at all has a piece all the same', () => {
  expect(brief(timeline(finished({}, 0), [], Number.NaN).spans)).toEqual(['queued 0-0']);
});
