/** What somebody has typed for a program, until the controller says that it has it. */

/** The most that may be on its way. */
const WINDOW = 64 * 1024;
const PIECE = 16 * 1024;

export class Input {
  /** What the controller does not have yet. */
  #bytes = new Uint8Array(0);
  /** How many bytes the controller has, and how many it was sent. */
  #taken = 0;
  #sent = 0;
  #hasEnded = false;
  #endIsSent = false;

  add(typed: string | Uint8Array): void {
    if (this.#hasEnded) return;
    const more = typeof typed === 'string' ? new TextEncoder().encode(typed) : typed;
    const all = new Uint8Array(this.#bytes.length + more.length);
    all.set(this.#bytes);
    all.set(more, this.#bytes.length);
    this.#bytes = all;
  }

  end(): void {
    this.#hasEnded = true;
  }

  /** The controller has so many bytes. */
  acknowledge(taken: number): void {
    const gone = Math.max(0, Math.min(taken - this.#taken, this.#bytes.length));
    this.#bytes = this.#bytes.slice(gone);
    this.#taken = Math.max(this.#taken, taken);
    this.#sent = Math.max(this.#sent, this.#taken);
  }

  /** A new connection: what was on its way may be lost. */
  reconnect(): void {
    this.#sent = this.#taken;
    this.#endIsSent = false;
  }

  /** What may be sent now: pieces, and `end` behind the last of them. */
  next(): (Uint8Array | 'end')[] {
    const pieces: (Uint8Array | 'end')[] = [];
    const until = this.#taken + Math.min(this.#bytes.length, WINDOW);
    while (this.#sent < until) {
      const from = this.#sent - this.#taken;
      const piece = this.#bytes.slice(from, Math.min(from + PIECE, until - this.#taken));
      pieces.push(piece);
      this.#sent += piece.length;
    }
    if (this.#hasEnded && !this.#endIsSent && this.#sent === this.#taken + this.#bytes.length) {
      pieces.push('end');
      this.#endIsSent = true;
    }
    return pieces;
  }
}
