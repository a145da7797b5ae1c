/** What went wrong in failing jobs: their details are asked for a few at a time, once. */

import { SvelteMap } from 'svelte/reactivity';
import type { JobSummary } from '../shared/types';
import { getJob } from './calls';
import { type Failure, failure } from './errors';
import { inTurns } from './turns';

const AT_ONCE = 4;
/** So many jobs are looked into; a page of a class needs no more. */
export const LOOKED_INTO = 40;
const REMEMBERED = 400;

/** A job that has finished stays as it is: what is known of it holds for all pages. */
const known = new SvelteMap<string, Failure>();
const asked = new Set<string>();

export const failureOf = (id: string): Failure | undefined => known.get(id);

/** Asks about those of these that nothing is known about yet. */
export async function lookInto(jobs: readonly JobSummary[]): Promise<void> {
  const fresh = jobs.filter((job) => !known.has(job.id) && !asked.has(job.id));
  for (const job of fresh) asked.add(job.id);
  await inTurns(fresh, AT_ONCE, async ({ id }) => {
    try {
      known.set(id, failure(await getJob(id)));
    } finally {
      asked.delete(id);
    }
  });
  for (const id of [...known.keys()].slice(0, Math.max(0, known.size - REMEMBERED))) known.delete(id);
}
