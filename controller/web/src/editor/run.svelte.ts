/** One job from its submission to its verdict, with what it writes. */

import { get, part, post, Problem } from '../shared/api';
import { toText } from '../shared/content';
import type { Link } from '../shared/stream';
import type { Accepted, Job, JobEvent, JobSpec, Limits, TerminalSize } from '../shared/types';
import { type Diagnostic, diagnostics } from './diagnostics';
import { follow } from './follow';
import { type KeptRun, rememberedRun, rememberRun } from './keptRuns';
import { Output, type Source } from './output';
import { advance, type Progress, START } from './progress';
import { converse, type Conversation } from './socket';

/** Text of the compilation and of errors that is searched for places; and of a run that is compared. */
const MAX_TEXT = 256 * 1024;
const POSITION_EVERY_MS = 2000;

export interface Asked {
  spec: JobSpec;
  /** Somebody types while it runs. */
  isInteractive?: boolean;
  /** At a terminal of the program's own. */
  isTerminal?: boolean;
  /** What holds for it, where the language is known. */
  limits: Limits | undefined;
  /** The tests that its runs are, by their ids. */
  tests?: string[];
}

/** What a run wrote to its standard output, up to a bound. */
export interface Written {
  text: string;
  isCut: boolean;
}

export class JobRun {
  /** `sending` until the controller has taken it, `gone` where it is known no more. */
  phase = $state<'idle' | 'sending' | 'following' | 'done' | 'gone'>('idle');
  id = $state<string>();
  progress = $state.raw<Progress>(START);
  refused = $state.raw<Problem>();
  link = $state<Link>('open');
  /** Goes up when there is new output, at most once a frame. */
  writes = $state(0);
  found = $state.raw<Diagnostic[]>([]);
  asked = $state.raw<Asked>();
  startedAt = $state<number>();
  readonly output = new Output();
  /** Told at once what comes, for a terminal. */
  listener: ((step: number, source: Source, text: string) => void) | undefined;
  /** Of the terminal on the page, as soon as there is one. */
  size: TerminalSize = { rows: 24, columns: 80 };

  /** What it is remembered by over a reload. */
  readonly #name: string;

  #now: Progress = START;
  #frame = 0;
  #timer: ReturnType<typeof setInterval> | undefined;
  #close: (() => void) | undefined;
  #conversation: Conversation | undefined;
  #suspicious = '';
  /** The connection was lost at least once. */
  #wasCut = false;
  readonly #written = new Map<number, Written>();

  constructor(name: string) {
    this.#name = name;
  }

  get isBusy(): boolean {
    return this.phase === 'sending' || this.phase === 'following';
  }

  /** Submits; what is refused stands in `refused`. */
  async start(asked: Asked): Promise<void> {
    this.reset();
    this.asked = asked;
    this.phase = 'sending';
    try {
      const query = asked.isInteractive ? { stdin: 'stream' } : {};
      const { id, position } = await post<Accepted>('/jobs', asked.spec, query);
      this.id = id;
      this.#publish({ ...START, position });
    } catch (error) {
      this.phase = 'idle';
      this.refused = error instanceof Problem ? error : new Problem({ status: 0, title: String(error) });
      return;
    }
    rememberRun(sessionStorage, this.#name, kept(this.id, asked));
    this.#follow(this.id);
  }

  /** Goes on following what ran when the page was loaded anew. Whether there is such a thing. */
  async resume(): Promise<boolean> {
    const before = rememberedRun(sessionStorage, this.#name);
    if (!before || this.phase !== 'idle') return false;
    const { id, limits, ...more } = before;
    try {
      const spec = await get<JobSpec>(`/jobs/${part(id)}/spec`);
      if (this.phase !== 'idle') return false;
      this.asked = { spec, limits, ...more };
    } catch (error) {
      // A job that is gone, or is somebody else's by now, is no concern of this page any more.
      if (error instanceof Problem && !error.isOffline) rememberRun(sessionStorage, this.#name, undefined);
      return false;
    }
    this.id = id;
    this.#follow(id);
    return true;
  }

  /** Sends what somebody typed; a terminal also has keys that are no text. */
  type(text: string | Uint8Array): void {
    this.#conversation?.send(text);
  }

  endInput(): void {
    this.#conversation?.end();
  }

  /** Tells the program to interrupt what it does. */
  interrupt(): void {
    this.#conversation?.signal('INT');
  }

  /** The terminal on the page has this size now. */
  resize(size: TerminalSize): void {
    this.size = size;
    if (this.asked?.isTerminal) this.#conversation?.resize(size);
  }

  async stop(): Promise<void> {
    if (!this.id || this.phase !== 'following') return;
    try {
      await post<Job>(`/jobs/${part(this.id)}/cancel`);
    } catch (error) {
      // It may have ended by itself meanwhile.
      if (!(error instanceof Problem && error.status === 409)) throw error;
    }
  }

  /** Follows no longer, and forgets all. */
  reset(): void {
    this.#end();
    this.output.clear();
    this.#written.clear();
    this.#suspicious = '';
    this.#wasCut = false;
    this.id = undefined;
    this.refused = undefined;
    this.asked = undefined;
    this.startedAt = undefined;
    this.found = [];
    this.phase = 'idle';
    this.#publish(START);
    this.writes += 1;
  }

  /** What the n-th run, from 0, wrote to its standard output. */
  written(run: number): Written {
    return this.#written.get(run + 1) ?? { text: '', isCut: false };
  }

  #follow(id: string): void {
    this.phase = 'following';
    this.#listen(id);
    this.#timer = setInterval(() => void this.#askPosition(), POSITION_EVERY_MS);
  }

  #listen(id: string): void {
    const follower = {
      event: (number: number, event: JobEvent) => this.#take(number, event),
      link: (link: Link) => {
        this.link = link;
        this.#wasCut ||= link === 'lost';
      },
      gone: () => {
        this.#end();
        this.phase = 'gone';
      },
    };
    if (this.asked?.isInteractive) {
      this.#conversation = converse(id, follower, this.asked.isTerminal ? this.size : undefined);
      this.#close = () => this.#conversation?.close();
    } else {
      this.#close = follow(id, follower);
    }
  }

  /** Nothing is left to follow. */
  #end(): void {
    rememberRun(sessionStorage, this.#name, undefined);
    clearInterval(this.#timer);
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    this.#close?.();
    this.#close = undefined;
    this.#conversation = undefined;
    this.link = 'open';
  }

  #take(number: number, event: JobEvent): void {
    const next = advance(this.#now, number, event);
    if (next === this.#now) return;
    this.#now = next;
    if (event.type === 'output') {
      this.#write(event);
      return;
    }
    if (event.type === 'step_started') this.startedAt = Date.now();
    if (event.type === 'restarted') this.#void();
    if (event.type === 'finished' || event.type === 'step_finished') this.#look();
    if (event.type === 'finished') {
      this.#end();
      this.phase = 'done';
      this.writes += 1;
      if (this.#wasCut) void this.#checkOutput(event.job.id);
    }
    this.#publish(next);
  }

  /** A controller that took over counts events anew, so that some may be missing: what is kept is what was written. */
  async #checkOutput(id: string): Promise<void> {
    const job = await get<Job>(`/jobs/${part(id)}`).catch(() => undefined);
    if (!job || this.id !== id || this.output.dropped > 0) return;
    const steps = [job.compile, ...job.runs];
    const isWhole = (['stdout', 'stderr'] as const).every(
      (stream) => this.output.text(stream) === steps.map((step) => toText(step?.[stream])).join(''),
    );
    if (isWhole) return;
    this.#void();
    for (const [step, result] of steps.entries()) {
      for (const stream of ['stdout', 'stderr'] as const) {
        const data = result?.[stream];
        if (data !== undefined) this.#write({ type: 'output', step, stream, data });
      }
    }
    this.#look();
  }

  #write({ step, stream, data }: JobEvent & { type: 'output' }): void {
    const text = this.output.write(step, stream, data);
    this.listener?.(step, stream, text);
    if ((step === 0 || stream === 'stderr') && this.#suspicious.length < MAX_TEXT) this.#suspicious += text;
    if (step > 0 && stream === 'stdout') this.#remember(step, text);
    // However much comes, the page is drawn once a frame.
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.writes += 1;
    });
  }

  #remember(step: number, text: string): void {
    const { text: before, isCut: isFull } = this.#written.get(step) ?? { text: '', isCut: false };
    if (isFull) return;
    const isCut = before.length + text.length > MAX_TEXT;
    this.#written.set(step, { text: isCut ? (before + text).slice(0, MAX_TEXT) : before + text, isCut });
  }

  /** What it wrote before it was lost with its runner does not count. */
  #void(): void {
    this.output.clear();
    this.#written.clear();
    this.#suspicious = '';
    this.found = [];
    this.startedAt = undefined;
    this.writes += 1;
  }

  #look(): void {
    const paths = this.asked?.spec.files.map((file) => file.path) ?? [];
    this.found = diagnostics(this.#suspicious, paths);
  }

  #publish(progress: Progress): void {
    this.#now = progress;
    this.progress = progress;
  }

  /** How many are before it changes while it waits, and why it waits is not among the events. */
  async #askPosition(): Promise<void> {
    if (this.#now.phase !== 'queued' || !this.id) return;
    try {
      const job = await get<Job>(`/jobs/${part(this.id)}`);
      if (job.id !== this.id || job.state !== 'queued' || this.#now.phase !== 'queued') return;
      this.#publish({ ...this.#now, position: job.position, message: job.message });
    } catch {
      // The stream says itself that the controller cannot be reached.
    }
  }
}

function kept(id: string, { isInteractive, isTerminal, limits, tests }: Asked): KeptRun {
  return { id, ...(isInteractive && { isInteractive }), ...(isTerminal && { isTerminal }), ...(limits && { limits }), ...(tests && { tests }) };
}

/** The program's run, and the tests'; they outlive the page's way to other pages and back. */
export const programRun = new JobRun('program');
export const testsRun = new JobRun('tests');
