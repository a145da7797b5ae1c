/** The list of jobs: asks for pages, and keeps the first one fresh while somebody looks at it. */

import { Problem, type Query } from '../shared/api';
import type { JobPage } from '../shared/types';
import { listJobs } from './calls';
import { type Filters, toHash, toQuery } from './filters';
import { append, EMPTY, type Listing, refresh } from './listing';

const PAGE = 50;
/** The most that the controller gives at once. */
const LARGEST_PAGE = 100;
const POLL_MS = 2000;
/** Where few jobs match, pages come empty though there is more; so many are gone through before asking. */
const EMPTY_PAGES = 10;

export class JobList {
  filters: Filters;
  listing = $state.raw<Listing>(EMPTY);
  /** New jobs that are not shown yet, and whether there are more of them than were counted. */
  held = $state.raw({ count: 0, isMore: false });
  /** The controller has answered for these filters. */
  isKnown = $state(false);
  /** An older page is being asked for. */
  isGoingOn = $state(false);
  problem = $state.raw<Problem>();
  /** How far down somebody had read. */
  scroll = 0;

  /** Whether new jobs would move what somebody reads or points at. */
  #isInUse: () => boolean;
  #asking = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(filters: Filters, isInUse: () => boolean) {
    this.filters = $state.raw(filters);
    this.#isInUse = isInUse;
  }

  /** The same list on a page of its own again. */
  resume(isInUse: () => boolean): this {
    this.#isInUse = isInUse;
    return this;
  }

  /** Keeps it fresh until the returned function is called. */
  start(): () => void {
    const look = (): void => this.#next();
    document.addEventListener('visibilitychange', look);
    void this.#poll();
    return () => {
      document.removeEventListener('visibilitychange', look);
      clearTimeout(this.#timer);
      this.#asking.abort();
    };
  }

  /** Shows other jobs. */
  set(filters: Filters): void {
    this.filters = filters;
    this.listing = EMPTY;
    this.held = { count: 0, isMore: false };
    this.isKnown = false;
    this.scroll = 0;
    void this.#poll();
  }

  /** Writes the filters into the address, without a step to go back by. */
  remember(): void {
    history.replaceState(history.state, '', toHash(this.filters));
  }

  /** Shows what was held back. */
  async showNew(): Promise<void> {
    await this.#poll(false);
  }

  async more(): Promise<void> {
    const signal = this.#asking.signal;
    this.isGoingOn = true;
    try {
      const page = await this.#search(this.listing.cursor, signal);
      if (!signal.aborted) this.listing = append(this.listing, page);
    } catch (error) {
      this.#fail(error, signal);
    } finally {
      this.isGoingOn = false;
    }
  }

  async #poll(hold = this.#isInUse()): Promise<void> {
    clearTimeout(this.#timer);
    this.#asking.abort();
    const { signal } = (this.#asking = new AbortController());
    try {
      const page = this.isKnown ? await this.#ask(undefined, signal) : await this.#search(undefined, signal);
      if (signal.aborted) return;
      const { listing, held } = this.isKnown ? refresh(this.listing, page, hold) : { listing: append(EMPTY, page), held: 0 };
      this.listing = listing;
      this.held = { count: held, isMore: held > 0 && held === page.jobs.length && page.next_cursor !== undefined };
      this.isKnown = true;
      this.problem = undefined;
    } catch (error) {
      this.#fail(error, signal);
    }
    if (!signal.aborted && this.#isWorthAsking()) this.#timer = setTimeout(() => this.#next(), POLL_MS);
  }

  #next(): void {
    // A page that nobody sees waits until it is seen; an older page that is on its way comes first.
    clearTimeout(this.#timer);
    if (document.hidden) return;
    if (this.isGoingOn) this.#timer = setTimeout(() => this.#next(), POLL_MS);
    else void this.#poll();
  }

  /** Refusals stay refusals; what is only busy or away may come back. */
  #isWorthAsking(): boolean {
    const status = this.problem?.status ?? 200;
    return status < 400 || status === 429 || status >= 500;
  }

  async #search(from: string | undefined, signal: AbortSignal): Promise<JobPage> {
    let page = await this.#ask(from, signal);
    for (let count = 1; page.jobs.length === 0 && page.next_cursor !== undefined && count < EMPTY_PAGES; count += 1) {
      page = await this.#ask(page.next_cursor, signal);
    }
    return page;
  }

  #ask(cursor: string | undefined, signal: AbortSignal): Promise<JobPage> {
    const limit = cursor === undefined ? Math.min(LARGEST_PAGE, Math.max(PAGE, this.listing.jobs.length)) : PAGE;
    const query: Query = { ...toQuery(this.filters), limit, cursor };
    return listJobs(query, signal);
  }

  #fail(error: unknown, signal: AbortSignal): void {
    if (signal.aborted) return;
    this.problem = error instanceof Problem ? error : new Problem({ status: 500, title: String(error) });
    // What may not be seen any more is not shown any longer.
    if (this.problem.status === 401 || this.problem.status === 403) this.listing = EMPTY;
  }
}
