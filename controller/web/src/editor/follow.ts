/** Following a job by server-sent events: everything once, in order, also across cuts. */

import { get, part, Problem } from '../shared/api';
import { listen, type Link } from '../shared/stream';
import type { Job, JobEvent } from '../shared/types';

export interface Follower {
  event(number: number, event: JobEvent): void;
  link(link: Link): void;
  /** There is no such job any more. */
  gone(): void;
}

const NAMES = ['queued', 'started', 'step_started', 'output', 'step_finished', 'restarted', 'finished'] as const;

/** Listens until the job has finished or is gone. Returns what ends it before. */
export function follow(id: string, follower: Follower): () => void {
  let seen = 0;
  const take = (event: JobEvent, number: string): void => {
    // The browser asks for what came after the last event; where it had to begin anew, everything comes again.
    if (Number(number) <= seen) return;
    seen = Number(number);
    if (event.type === 'finished') stream.close();
    follower.event(seen, event);
  };
  const link = (now: Link): void => {
    follower.link(now);
    if (now === 'lost') void lookWhetherGone(id, () => (stream.close(), follower.gone()));
  };
  const stream = listen(`/jobs/${part(id)}/events`, { on: Object.fromEntries(NAMES.map((name) => [name, take])), link });
  return () => stream.close();
}

/** Tells where there is no such job any more. */
export async function lookWhetherGone(id: string, gone: () => void): Promise<void> {
  try {
    await get<Job>(`/jobs/${part(id)}`);
  } catch (error) {
    if (error instanceof Problem && error.status === 404) gone();
  }
}
