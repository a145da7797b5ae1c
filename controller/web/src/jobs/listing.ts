/** The jobs that are shown, and how news of them comes in without anything jumping. Pure. */

import type { JobPage, JobSummary } from '../shared/types';

export interface Listing {
  /** Newest first. */
  jobs: readonly JobSummary[];
  /** Where it goes on; absent at the end. */
  cursor: string | undefined;
}

export const EMPTY: Listing = { jobs: [], cursor: undefined };

/** Puts the next page behind what is there. */
export function append(listing: Listing, page: JobPage): Listing {
  const known = new Set(listing.jobs.map((job) => job.id));
  return { jobs: [...listing.jobs, ...page.jobs.filter((job) => !known.has(job.id))], cursor: page.next_cursor };
}

/** What came of asking for the first page again. */
export interface News {
  listing: Listing;
  /** How many new jobs are held back. */
  held: number;
}

/**
 * Brings what is shown up to date with the first page: jobs change, come and, where they do not match any more, go.
 * Older ones than the page has stay. New ones at the top are held back where `hold`, so that nothing moves.
 */
export function refresh(listing: Listing, page: JobPage, hold: boolean): News {
  const shown = new Set(listing.jobs.map((job) => job.id));
  const firstKnown = page.jobs.findIndex((job) => shown.has(job.id));
  if (firstKnown < 0 && page.next_cursor !== undefined) return replace(listing, page, hold);

  const fresh = firstKnown < 0 ? page.jobs.length : firstKnown;
  const isHeld = hold && listing.jobs.length > 0;
  const head = isHeld ? page.jobs.slice(fresh) : page.jobs;
  const tail = page.next_cursor === undefined ? [] : behind(listing.jobs, page.jobs);
  const cursor = tail.length > 0 ? listing.cursor : page.next_cursor;
  return { listing: { jobs: [...head, ...tail], cursor }, held: isHeld ? fresh : 0 };
}

/** There is nothing in common: more came than a page holds, or the page is empty so far. */
function replace(listing: Listing, page: JobPage, hold: boolean): News {
  if (page.jobs.length === 0 || (hold && listing.jobs.length > 0)) return { listing, held: page.jobs.length };
  return { listing: { jobs: page.jobs, cursor: page.next_cursor }, held: 0 };
}

/** What is shown behind the last job of the page. */
function behind(shown: readonly JobSummary[], page: readonly JobSummary[]): readonly JobSummary[] {
  const ids = new Set(page.map((job) => job.id));
  const last = shown.findLastIndex((job) => ids.has(job.id));
  return shown.slice(last + 1);
}
