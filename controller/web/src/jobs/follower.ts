/** A job that has not finished, as its events tell of it. What it writes is kept from its end, within bounds. */

import { toBytes } from '../shared/content';
import type { Content, JobEvent, JobState, Step, StepResult } from '../shared/types';
import { KEPT_CHARACTERS } from './output';

type Name = 'stdout' | 'stderr';

/** One of a step's outputs so far. */
class Tail {
  text = '';
  /** Whether its beginning is not kept any more. */
  isCut = false;
  /** A letter's bytes may come in two parts. */
  readonly #decoder = new TextDecoder();

  add(data: Content): void {
    this.text += typeof data === 'string' ? this.#decoder.decode() + data : this.#decoder.decode(toBytes(data.base64), { stream: true });
    // Twice as much may gather, so that not every piece means a copy.
    if (this.text.length <= 2 * KEPT_CHARACTERS) return;
    this.text = this.text.slice(-KEPT_CHARACTERS);
    this.isCut = true;
  }
}

/** A step as it stands. */
export interface LiveStep {
  step: Step;
  stdout: { text: string; isCut: boolean };
  stderr: { text: string; isCut: boolean };
  result: StepResult | undefined;
}

/** All of it, as it stands. */
export interface Live {
  state: JobState;
  position: number | undefined;
  runner: string | undefined;
  attempt: number;
  /** Why earlier attempts came to nothing. */
  restarts: string[];
  steps: LiveStep[];
}

interface Followed {
  stdout: Tail;
  stderr: Tail;
  result: StepResult | undefined;
}

export class Follower {
  #state: JobState = 'queued';
  #position: number | undefined;
  #runner: string | undefined;
  #attempt = 0;
  #restarts: string[] = [];
  #steps = new Map<Step, Followed>();

  apply(event: JobEvent): void {
    switch (event.type) {
      case 'queued':
        this.#state = 'queued';
        this.#position = event.position;
        return;
      case 'started':
        this.#state = 'running';
        this.#runner = event.runner;
        this.#attempt = event.attempt;
        return;
      case 'step_started':
        this.#step(event.step);
        return;
      case 'output':
        this.#step(event.step)[event.stream].add(event.data);
        return;
      case 'step_finished':
        this.#step(event.step).result = event.result;
        return;
      case 'restarted':
        // What it wrote so far is void.
        this.#steps.clear();
        this.#state = 'queued';
        this.#runner = undefined;
        this.#restarts.push(event.reason);
        return;
      case 'finished':
        this.#state = 'finished';
    }
  }

  view(): Live {
    const tail = (step: Followed, name: Name) => ({ text: step[name].text, isCut: step[name].isCut });
    return {
      state: this.#state,
      position: this.#position,
      runner: this.#runner,
      attempt: this.#attempt,
      restarts: [...this.#restarts],
      steps: [...this.#steps]
        .sort(([a], [b]) => a - b)
        .map(([step, followed]) => ({ step, stdout: tail(followed, 'stdout'), stderr: tail(followed, 'stderr'), result: followed.result })),
    };
  }

  #step(step: Step): Followed {
    const known = this.#steps.get(step);
    if (known) return known;
    const begun: Followed = { stdout: new Tail(), stderr: new Tail(), result: undefined };
    this.#steps.set(step, begun);
    return begun;
  }
}
