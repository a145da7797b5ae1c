/** Where the time of a job went. Pure. */

import type { JobAttempt, JobState, StepResult } from '../shared/types';

export type Kind = 'queued' | 'refused' | 'lost' | 'around' | 'compile' | 'run' | 'running';

/** A piece of a job's time. */
export interface Span {
  kind: Kind;
  /** Milliseconds since the job was queued, as it is drawn. */
  from: number;
  to: number;
  /** How long it was by the clock that measured it, in milliseconds. */
  ms: number;
  /** Which attempt, and where, where it is part of one. */
  attempt?: number;
  runner?: string;
  /** The run's index, its name, and how many runs it stands for. */
  run?: { index: number; name: string | undefined; count: number };
  reason?: string;
}

export interface Timeline {
  /** From being queued to the verdict or to now, in milliseconds. */
  total: number;
  spans: Span[];
}

/** What is known of a job's time. */
export interface Told {
  state: JobState;
  queued_at: string;
  started_at?: string | undefined;
  finished_at?: string | undefined;
  runner?: string | undefined;
  compile?: StepResult | undefined;
  runs: readonly StepResult[];
}

/** More runs than this are told of as one. */
const SINGLE_RUNS = 8;

export function timeline(job: Told, attempts: readonly JobAttempt[], now: number): Timeline {
  const began = Date.parse(job.queued_at);
  const latest = Math.max(...[job.started_at, ...attempts.map((one) => one.ended_at ?? one.started_at)].map((at) => (at ? Date.parse(at) - began : 0)));
  const total = job.finished_at ? Math.max(0, Date.parse(job.finished_at) - began) : Math.max(now - began, latest, 0);
  const clamp = (at: string | undefined): number => (at === undefined ? total : Math.min(total, Math.max(0, Date.parse(at) - began)));

  const spans: Span[] = [];
  let reached = 0;
  const known = attempts.length > 0 ? attempts : assumed(job);
  known.forEach((attempt, index) => {
    const from = Math.max(reached, clamp(attempt.started_at));
    const isLast = index === known.length - 1;
    const isDone = attempt.end === 'finished' || (isLast && attempt.end === undefined);
    const to = Math.max(from, isLast && isDone ? total : clamp(attempt.ended_at));
    if (from > reached) spans.push(waiting(reached, from));
    spans.push(...(isDone ? steps(job, attempt, from, to) : [failed(attempt, from, to)]));
    reached = to;
  });
  if (total > reached || spans.length === 0) spans.push(waiting(reached, total));
  return { total, spans };
}

const waiting = (from: number, to: number): Span => ({ kind: 'queued', from, to, ms: to - from });

const of = (attempt: JobAttempt): Pick<Span, 'attempt' | 'runner'> => ({ attempt: attempt.attempt, runner: attempt.runner });

function failed(attempt: JobAttempt, from: number, to: number): Span {
  const kind = attempt.end === 'refused' ? 'refused' : 'lost';
  return { kind, from, to, ms: to - from, ...of(attempt), ...(attempt.reason && { reason: attempt.reason }) };
}

/** Where the attempts are not told of, as of a shared job, the last one is known from the job. */
function assumed({ state, started_at, runner }: Told): JobAttempt[] {
  if (started_at === undefined || state === 'queued') return [];
  return [{ attempt: 0, runner: runner ?? '', started_at }];
}

/**
 * The steps of the attempt that counts. Only their lengths are measured: they stand at its end, one behind the other,
 * and what is left is the way to the runner and the making of boxes.
 */
function steps(job: Told, attempt: JobAttempt, from: number, to: number): Span[] {
  const room = to - from;
  const pieces = [...compilation(job.compile), ...runs(job.runs)];
  const sum = pieces.reduce((all, piece) => all + piece.ms, 0);
  const isOpen = job.state !== 'finished';
  const left = Math.max(0, room - sum);
  const scale = sum > room && sum > 0 ? room / sum : 1;
  const spans: Span[] = [];
  let at = from;
  if (!isOpen && (left > 0 || pieces.length === 0)) {
    spans.push({ kind: 'around', from: at, to: at + left, ms: left, ...of(attempt) });
    at += left;
  }
  for (const piece of pieces) {
    spans.push({ ...piece, from: at, to: at + piece.ms * scale, ...of(attempt) });
    at += piece.ms * scale;
  }
  if (isOpen) spans.push({ kind: 'running', from: at, to, ms: to - at, ...of(attempt) });
  return spans;
}

type Piece = Pick<Span, 'kind' | 'ms' | 'run'>;

const compilation = (step: StepResult | undefined): Piece[] => (step ? [{ kind: 'compile', ms: step.usage.wall_ms }] : []);

function runs(steps: readonly StepResult[]): Piece[] {
  if (steps.length > SINGLE_RUNS) {
    const ms = steps.reduce((sum, step) => sum + step.usage.wall_ms, 0);
    return [{ kind: 'run', ms, run: { index: 0, name: undefined, count: steps.length } }];
  }
  return steps.map((step, index) => ({ kind: 'run', ms: step.usage.wall_ms, run: { index, name: step.name, count: 1 } }));
}
