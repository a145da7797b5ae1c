/** How long to wait before trying again, counted down. */

import { Problem } from '../shared/api';

const TOO_MANY = 429;
/** Where the controller does not say. */
const USUAL_SECONDS = 2;

export class Wait {
  /** Seconds that are left; 0 where one may try. */
  seconds = $state(0);
  #timer: ReturnType<typeof setInterval> | undefined;

  /** Begins to count where this is why something was refused. Returns whether it is. */
  because(error: unknown): boolean {
    if (!(error instanceof Problem) || error.status !== TOO_MANY) return false;
    const end = Date.now() + (error.retryAfter ?? USUAL_SECONDS) * 1000;
    const count = (): void => {
      this.seconds = Math.max(0, Math.ceil((end - Date.now()) / 1000));
      if (this.seconds === 0) this.stop();
    };
    this.stop();
    this.#timer = setInterval(count, 250);
    count();
    return true;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
