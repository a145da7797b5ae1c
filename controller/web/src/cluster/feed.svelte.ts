/** The cluster as it is now: by the stream for whoever may see runners, else by asking for the summary now and then. */

import { untrack } from 'svelte';
import { get, Problem } from '../shared/api';
import { isAtLeast } from '../shared/session.svelte';
import { listen, type Stream } from '../shared/stream';
import type { ClusterInfo } from '../shared/types';
import { History } from './history';
import { type Change, type Event, NOTHING, reduce, type Snapshot } from './state';

const POLL_MS = 2000;
/** The stream tells something every second; after so long a silence it is taken for lost. */
const SILENCE_MS = 5000;

const isRefusal = (error: unknown): error is Problem =>
  error instanceof Problem && (error.status === 401 || error.status === 403);

export class Feed {
  live = $state.raw(NOTHING);
  /** `shut`: nothing is shown to whoever is here. */
  link = $state<'connecting' | 'live' | 'lost' | 'shut'>('connecting');
  /** Since when nothing has come. */
  lostAt = $state<number>();
  /** Only the cluster as a whole may be seen; in the controller's words, where somebody is logged in. */
  isSummary = $state(false);
  refusal = $state<string>();
  /** Grows with each second that is told of. */
  tick = $state(0);
  /** Grows each time the link is there again, as what happened meanwhile has not been told. */
  arrivals = $state(0);
  readonly history = new History();

  #stream: Stream | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #heardAt = 0;
  /** Whether it is being asked why the stream does not come. */
  #isAsking = false;
  #isOver = false;

  /** The controller's time, in milliseconds since 1970. */
  get now(): number {
    return this.live.activity ? Date.parse(this.live.activity.at) : Date.now();
  }

  /** Returns how to stop. */
  start(): () => void {
    const maySee = isAtLeast('user');
    untrack(() => {
      Object.assign(this, { live: NOTHING, link: 'connecting', lostAt: undefined, isSummary: false, refusal: undefined });
      this.#isOver = false;
      if (maySee) this.#listen();
      else this.#poll();
    });
    return () => {
      this.#isOver = true;
      this.#end();
    };
  }

  tell(event: Event): void {
    this.live = reduce(this.live, event);
  }

  #end(): void {
    this.#stream?.close();
    clearTimeout(this.#timer);
  }

  #listen(): void {
    this.#heardAt = Date.now();
    this.#stream = listen('/cluster/events', {
      on: {
        snapshot: (data: Snapshot) => this.#heard({ type: 'snapshot', ...data }),
        change: (data: Change) => this.#heard({ type: 'change', ...data }),
      },
      link: (link) => {
        if (link === 'lost') void this.#lost();
      },
    });
    this.#watch();
  }

  #watch(): void {
    this.#timer = setTimeout(() => {
      if (Date.now() - this.#heardAt < SILENCE_MS) return this.#watch();
      this.#end();
      void this.#lost();
      this.#listen();
    }, 1000);
  }

  #heard(event: Event): void {
    this.#heardAt = Date.now();
    this.tell(event);
    this.#arrived();
    this.history.note(this.live.runners, Math.floor(this.now / 1000));
    this.tick += 1;
  }

  #arrived(): void {
    if (this.link === 'live') return;
    this.link = 'live';
    this.lostAt = undefined;
    this.arrivals += 1;
  }

  /** A stream does not say why it failed; a call does. */
  async #lost(): Promise<void> {
    this.#cut();
    if (this.#isAsking) return;
    this.#isAsking = true;
    try {
      await get('/runners');
    } catch (error) {
      if (this.#isOver || !isRefusal(error)) return;
      if (error.status === 403) this.refusal = error.message;
      this.#end();
      this.#poll();
    } finally {
      this.#isAsking = false;
    }
  }

  #cut(): void {
    if (this.link !== 'lost') this.lostAt = Date.now();
    this.link = 'lost';
  }

  #poll(): void {
    this.isSummary = true;
    const ask = async (): Promise<void> => {
      try {
        this.tell({ type: 'summary', cluster: await get<ClusterInfo>('/cluster') });
        this.#arrived();
      } catch (error) {
        if (isRefusal(error)) {
          this.link = 'shut';
          return;
        }
        this.#cut();
      }
      if (!this.#isOver) this.#timer = setTimeout(ask, POLL_MS);
    };
    void ask();
  }
}
