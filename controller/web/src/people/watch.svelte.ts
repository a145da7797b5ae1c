/** The jobs of a class, kept up to date. */

import { Problem } from '../shared/api';
import type { JobSummary } from '../shared/types';
import { listJobs } from './calls';
import { absorb, hasGap, type Jobs, newer, overlooked } from './members';
import { inTurns } from './turns';
import { why } from './words';

const POLL_MS = 3000;
const AT_ONCE = 4;
/** Of each member, so many are asked for at first. */
const FIRST = 5;
const PAGE = 100;

/**
 * At first each member is asked about, since the last job of one may be long ago. Then the newest jobs of all whom one
 * may see tell who did something; only where more came than that, everybody is asked about again.
 */
export class Watch {
  jobs = $state.raw<Jobs>(new Map());
  isKnown = $state(false);
  isLost = $state(false);
  problem = $state<string>();
  now = $state(Date.now());
  readonly #members: ReadonlySet<string>;
  #newest: JobSummary | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isOver = false;

  constructor(members: Iterable<string>) {
    this.#members = new Set(members);
  }

  /** Watches until what it returns is called. */
  start(): () => void {
    void this.#look(() => this.#begin());
    return () => {
      this.#isOver = true;
      clearTimeout(this.#timer);
    };
  }

  async #look(how: () => Promise<void>): Promise<void> {
    try {
      // A page that nobody sees waits until it is seen.
      if (!document.hidden) await how();
      this.isKnown = true;
      this.isLost = false;
      this.problem = undefined;
    } catch (error) {
      this.isLost = error instanceof Problem && error.isOffline && this.isKnown;
      if (!this.isLost) this.problem = why(error);
    }
    this.now = Date.now();
    const next = this.isKnown ? () => this.#poll() : () => this.#begin();
    if (!this.#isOver) this.#timer = setTimeout(() => void this.#look(next), POLL_MS);
  }

  async #begin(): Promise<void> {
    const page = await listJobs({ limit: PAGE });
    this.#take(page.jobs);
    await this.#ask([...this.#members]);
  }

  async #poll(): Promise<void> {
    const { jobs, next_cursor: next } = await listJobs({ limit: PAGE });
    const gap = hasGap(this.#newest, jobs, next === undefined);
    this.#take(jobs);
    await this.#ask(gap ? [...this.#members] : overlooked(this.jobs, jobs));
  }

  #take(page: readonly JobSummary[]): void {
    this.#newest = [...page].sort(newer)[0] ?? this.#newest;
    this.jobs = absorb(this.jobs, page, this.#members);
  }

  async #ask(names: readonly string[]): Promise<void> {
    const found: JobSummary[] = [];
    const results = await inTurns(names, AT_ONCE, async (owner) => {
      if (!this.#isOver) found.push(...(await listJobs({ owner, limit: FIRST })).jobs);
    });
    this.jobs = absorb(this.jobs, found, this.#members);
    const failed = results.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
  }
}
