/** Something that the controller is asked for, again after each change. */

import { why } from './words';

export class Asking<T> {
  value = $state.raw<T>();
  problem = $state<string>();
  readonly #ask: () => Promise<T>;

  constructor(ask: () => Promise<T>) {
    this.#ask = ask;
    void this.again();
  }

  /** What was there stays until the answer comes. */
  async again(): Promise<void> {
    try {
      this.value = await this.#ask();
      this.problem = undefined;
    } catch (error) {
      this.problem = why(error);
    }
  }
}
