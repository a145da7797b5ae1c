/** What happened to a job, in words and figures. */

import { bytes, count, duration } from '../shared/format';
import { t as shared } from '../shared/text';
import type { Limits, StepResult } from '../shared/types';
import type { Span } from './timeline';
import { t } from './text';

/** The signals that end programs, as `signal(7)` has them. */
const SIGNALS: Record<number, string> = {
  1: 'SIGHUP', 2: 'SIGINT', 3: 'SIGQUIT', 4: 'SIGILL', 6: 'SIGABRT', 7: 'SIGBUS', 8: 'SIGFPE', 9: 'SIGKILL',
  11: 'SIGSEGV', 13: 'SIGPIPE', 14: 'SIGALRM', 15: 'SIGTERM', 24: 'SIGXCPU', 25: 'SIGXFSZ', 31: 'SIGSYS',
};

/** How a step's program ended: `exit 1`, `signal 11 (SIGSEGV)`; nothing where a limit ended it. */
export function ended(step: StepResult): string {
  if (step.signal !== undefined) {
    const name = SIGNALS[step.signal];
    return shared().signal(step.signal) + (name ? ` (${name})` : '');
  }
  return step.exit_code === undefined ? '' : shared().exitCode(step.exit_code);
}

/** What else happened to a step. */
export function remarks(step: StepResult): string[] {
  const words = shared();
  const known: Record<string, string> = { process_limit: words.process_limit, disk_full: words.disk_full, artifacts_cut: words.artifacts_cut };
  return [...(step.truncated ? [words.truncated] : []), ...step.flags.map((flag) => known[flag] ?? flag)];
}

/** A limit with its unit. */
export function limitText(name: keyof Limits, value: number): string {
  if (name === 'cpu_seconds' || name === 'wall_seconds') return duration(value * 1000);
  return name === 'processes' ? count(value) : bytes(value);
}

export const runName = (name: string | undefined, index: number): string => name || t().runNumber(index + 1);

/** What a piece of a job's time was. */
export function spanName({ kind, run }: Span): string {
  if (kind !== 'run' || !run) return t()[`span_${kind}`];
  if (run.count > 1) return t().runs(run.count);
  return run.name || (run.index === 0 ? t().span_run : t().runNumber(run.index + 1));
}

/** What is to be said beside it. */
export function spanNote({ kind, attempt, runner, reason }: Span): string {
  if (kind !== 'refused' && kind !== 'lost') return '';
  return [t().attemptOn(attempt ?? 0, runner ?? ''), reason].filter(Boolean).join(`${t().colon} `);
}

/** An id is known by its first letters. */
export const short = (id: string): string => id.slice(0, 8);
