/** One job: what is known of it, live until it has finished. */

import { Problem } from '../shared/api';
import { type Link, listen, type Stream } from '../shared/stream';
import type { Job, JobAttempt, JobEvent, JobSpec, StepResult } from '../shared/types';
import { getAttempts, getFinished, getJob, getSpec } from './calls';
import { Follower, type Live } from './follower';

const RETRY_MS = 2000;
/** Output is drawn no more often than this. */
const DRAW_MS = 100;
const CLOCK_MS = 500;
/** Why a job waits, and behind how many, changes slowly. */
const QUEUE_MS = 2000;
/** While it runs, its events tell all, unless one was lost with a controller. */
const BACKSTOP_MS = 10_000;

const EVENTS = ['queued', 'started', 'step_started', 'output', 'step_finished', 'restarted', 'finished'] as const;

export class JobView {
  readonly id: string;
  /** As the controller has it; without results until it has finished. */
  job = $state.raw<Job>();
  spec = $state.raw<JobSpec>();
  /** Why the program cannot be shown. */
  specProblem = $state.raw<Problem>();
  attempts = $state.raw<readonly JobAttempt[]>([]);
  /** Why the job cannot be shown. */
  problem = $state.raw<Problem>();
  /** How it stands, while it has not finished. */
  live = $state.raw<Live>();
  link = $state<Link>('connecting');
  now = $state(Date.now());

  #follower = new Follower();
  #stream: Stream | undefined;
  #timers = new Set<ReturnType<typeof setTimeout>>();
  #drawing: ReturnType<typeof setTimeout> | undefined;
  #isOver = false;

  constructor(id: string) {
    this.id = id;
  }

  get isFinished(): boolean {
    return this.job?.state === 'finished';
  }

  /** The results so far. */
  get steps(): { compile: StepResult | undefined; runs: StepResult[] } {
    if (!this.live || this.isFinished) return { compile: this.job?.compile, runs: this.job?.runs ?? [] };
    const results = this.live.steps.flatMap(({ step, result }) => (result ? [{ step, result }] : []));
    return {
      compile: results.find(({ step }) => step === 0)?.result,
      runs: results.filter(({ step }) => step > 0).map(({ result }) => result),
    };
  }

  /** Asks for everything, and follows it; until the returned function is called. */
  start(): () => void {
    void this.#load();
    const clock = setInterval(() => {
      if (!this.isFinished) this.now = Date.now();
    }, CLOCK_MS);
    return () => {
      this.#isOver = true;
      clearInterval(clock);
      clearTimeout(this.#drawing);
      for (const timer of this.#timers) clearTimeout(timer);
      this.#stream?.close();
    };
  }

  async #load(): Promise<void> {
    try {
      const job = await getJob(this.id);
      if (this.#isOver) return;
      this.job = job;
      this.problem = undefined;
    } catch (error) {
      if (this.#isOver) return;
      this.problem = error as Problem;
      if (this.problem.isOffline || this.problem.status === 429) this.#later(() => void this.#load(), RETRY_MS);
      return;
    }
    void this.#loadSpec();
    void this.#loadAttempts();
    if (!this.isFinished) this.#follow();
  }

  async #loadSpec(): Promise<void> {
    try {
      this.spec = await getSpec(this.id);
      this.specProblem = undefined;
    } catch (error) {
      this.specProblem = error as Problem;
      if (this.specProblem.isOffline) this.#later(() => void this.#loadSpec(), RETRY_MS);
    }
  }

  /** They say more than the job does; without them it is shown all the same. */
  async #loadAttempts(): Promise<void> {
    this.attempts = await getAttempts(this.id).catch(() => this.attempts);
  }

  #follow(): void {
    const on = Object.fromEntries(EVENTS.map((name) => [name, (event: JobEvent) => this.#take(event)]));
    this.#stream = listen(`/jobs/${this.id}/events`, {
      on,
      link: (link) => {
        // A new stream tells everything from the start.
        if (link === 'connecting') this.#follower = new Follower();
        if (link === 'open' && this.link === 'lost') void this.#look();
        this.link = link;
      },
    });
    this.#watch();
  }

  #take(event: JobEvent): void {
    this.#follower.apply(event);
    if (event.type === 'started' || event.type === 'restarted') void this.#loadAttempts();
    if (event.type === 'finished') void this.#end();
    this.#drawing ??= setTimeout(() => this.#draw(), DRAW_MS);
  }

  #draw(): void {
    this.#drawing = undefined;
    this.live = this.#follower.view();
  }

  #watch(): void {
    const isRunning = this.live?.state === 'running';
    this.#later(() => {
      if (this.isFinished) return;
      void this.#look();
      this.#watch();
    }, isRunning ? BACKSTOP_MS : QUEUE_MS);
  }

  /** It may have moved on while nobody told. */
  async #look(): Promise<void> {
    const job = await getJob(this.id).catch(() => undefined);
    if (this.#isOver || this.isFinished || !job) return;
    if (job.state === 'finished') await this.#end();
    else this.job = job;
  }

  async #end(): Promise<void> {
    this.#stream?.close();
    try {
      const job = await getFinished(this.id);
      if (this.#isOver) return;
      this.job = job;
      this.link = 'open';
      void this.#loadAttempts();
    } catch {
      this.link = 'lost';
      this.#later(() => void this.#end(), RETRY_MS);
    }
  }

  #later(what: () => void, ms: number): void {
    if (this.#isOver) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      what();
    }, ms);
    this.#timers.add(timer);
  }
}
