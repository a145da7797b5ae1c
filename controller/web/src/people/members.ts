/** A class as a table: who ran what last. Pure. */

import type { JobSummary } from '../shared/types';
import { isFailing } from './errors';

/** Of the class together, so many of the newest jobs are kept, beside the last one of each. */
export const KEPT = 100;

export type Jobs = ReadonlyMap<string, JobSummary>;

export interface Row {
  name: string;
  last: JobSummary | undefined;
}

export const newer = (a: JobSummary, b: JobSummary): number => b.queued_at.localeCompare(a.queued_at) || b.id.localeCompare(a.id);

/** What is known with news of it; the same map where nothing is new. */
export function absorb(known: Jobs, news: readonly JobSummary[], members: ReadonlySet<string>): Jobs {
  const theirs = news.filter((job) => job.owner !== undefined && members.has(job.owner));
  const isNew = (job: JobSummary): boolean => {
    const before = known.get(job.id);
    return before?.state !== job.state || before.verdict !== job.verdict;
  };
  if (!theirs.some(isNew)) return known;
  const all = new Map(known);
  for (const job of theirs) {
    // An answer that was long on its way does not take a verdict back.
    if (all.get(job.id)?.state !== 'finished') all.set(job.id, job);
  }
  const sorted = [...all.values()].sort(newer);
  const seen = new Set<string>();
  const kept = sorted.filter((job, index) => {
    const isLast = !seen.has(job.owner ?? '');
    seen.add(job.owner ?? '');
    return isLast || index < KEPT;
  });
  return new Map(kept.map((job) => [job.id, job]));
}

/** Each member with its last job. */
export function rows(members: Iterable<string>, jobs: Jobs, failingFirst: boolean): Row[] {
  const last = new Map<string, JobSummary>();
  for (const job of [...jobs.values()].sort(newer)) {
    if (job.owner !== undefined && !last.has(job.owner)) last.set(job.owner, job);
  }
  const all = [...members].sort().map((name) => ({ name, last: last.get(name) }));
  if (!failingFirst) return all;
  const fails = ({ last: job }: Row): boolean => job !== undefined && isFailing(job);
  return [...all.filter(fails), ...all.filter((row) => !fails(row))];
}

export interface Counts {
  ok: number;
  failing: number;
  busy: number;
  nothing: number;
}

/** How the class is doing, by everybody's last job. One that was stopped counts as nothing. */
export function counts(of: readonly Row[]): Counts {
  const found: Counts = { ok: 0, failing: 0, busy: 0, nothing: 0 };
  for (const { last } of of) {
    if (last === undefined || last.verdict === 'cancelled') found.nothing += 1;
    else if (last.state !== 'finished') found.busy += 1;
    else if (last.verdict === 'ok') found.ok += 1;
    else found.failing += 1;
  }
  return found;
}

/** Whose state may have changed without being on the page of the newest jobs. */
export function overlooked(jobs: Jobs, page: readonly JobSummary[]): string[] {
  const there = new Set(page.map((job) => job.id));
  const open = [...jobs.values()].filter((job) => job.state !== 'finished' && !there.has(job.id));
  return [...new Set(open.flatMap((job) => job.owner ?? []))];
}

/** Whether between two pages of the newest jobs there may be some that nobody has seen. */
export function hasGap(lastNewest: JobSummary | undefined, page: readonly JobSummary[], isWhole: boolean): boolean {
  const oldest = page.at(-1);
  if (isWhole || oldest === undefined || lastNewest === undefined) return false;
  return newer(oldest, lastNewest) < 0;
}
