/** What a program has written, as lines; the oldest are dropped where there are too many. */

import { toBytes } from '../shared/content';
import type { Content } from '../shared/types';

export type Source = 'stdout' | 'stderr';

export interface Row {
  source: Source;
  text: string;
  /** The line goes on in the next row. */
  isOpen: boolean;
}

interface Bounds {
  rows: number;
  letters: number;
  /** A longer line is shown as several rows. */
  rowLetters: number;
}

const BOUNDS: Bounds = { rows: 200_000, letters: 4_000_000, rowLetters: 1000 };

export class Output {
  readonly #bounds: Bounds;
  #rows: Row[] = [];
  /** Rows at the head that are dropped, but not yet taken out. */
  #start = 0;
  #letters = 0;
  #dropped = 0;
  readonly #decoders = new Map<string, Decoder>();

  constructor(bounds: Partial<Bounds> = {}) {
    this.#bounds = { ...BOUNDS, ...bounds };
  }

  get length(): number {
    return this.#rows.length - this.#start;
  }

  /** How many rows are gone for want of room. */
  get dropped(): number {
    return this.#dropped;
  }

  row(index: number): Row | undefined {
    return this.#rows[this.#start + index];
  }

  /** Adds what a step wrote; a letter may come in two pieces. Returns it as text. */
  write(step: number, source: Source, data: Content): string {
    const key = `${step} ${source}`;
    let decoder = this.#decoders.get(key);
    if (!decoder) this.#decoders.set(key, (decoder = new Decoder()));
    const text = decoder.decode(data);
    this.#add(source, text);
    return text;
  }

  clear(): void {
    this.#rows = [];
    this.#start = 0;
    this.#letters = 0;
    this.#dropped = 0;
    this.#decoders.clear();
  }

  /** All that is held of these sources, as it was written. */
  text(...sources: Source[]): string {
    const parts: string[] = [];
    for (let index = this.#start; index < this.#rows.length; index += 1) {
      const row = this.#rows[index] as Row;
      if (sources.includes(row.source)) parts.push(row.text, row.isOpen ? '' : '\n');
    }
    return parts.join('');
  }

  #add(source: Source, text: string): void {
    let from = 0;
    while (from < text.length) {
      const row = this.#open(source);
      const end = text.indexOf('\n', from);
      const to = Math.min(end < 0 ? text.length : end, from + this.#bounds.rowLetters - row.text.length);
      row.text += text.slice(from, to);
      this.#letters += to - from;
      if (to === end) row.isOpen = false;
      else if (row.text.length >= this.#bounds.rowLetters && to < text.length) this.#push({ source, text: '', isOpen: true });
      from = to === end ? to + 1 : to;
    }
    this.#shrink();
  }

  /** The row that this source goes on in. */
  #open(source: Source): Row {
    const last = this.#rows.at(-1);
    if (last?.isOpen && last.source === source && last.text.length < this.#bounds.rowLetters) return last;
    return this.#push({ source, text: '', isOpen: true });
  }

  #push(row: Row): Row {
    this.#rows.push(row);
    this.#letters += row.text.length + 1;
    return row;
  }

  #shrink(): void {
    while (this.length > this.#bounds.rows || (this.#letters > this.#bounds.letters && this.length > 1)) {
      const row = this.#rows[this.#start] as Row;
      this.#letters -= row.text.length + 1;
      this.#start += 1;
      this.#dropped += 1;
    }
    // Taking out one by one would move all the others each time.
    if (this.#start > 1000 && this.#start * 4 > this.#rows.length) {
      this.#rows = this.#rows.slice(this.#start);
      this.#start = 0;
    }
  }
}

/** Text from pieces that are text, or bytes where a piece ends within a letter. */
class Decoder {
  readonly #bytes = new TextDecoder();
  #isWithin = false;

  decode(data: Content): string {
    if (typeof data === 'string') {
      if (!this.#isWithin) return data;
      return this.#bytes.decode(new TextEncoder().encode(data), { stream: true });
    }
    this.#isWithin = true;
    return this.#bytes.decode(toBytes(data.base64), { stream: true });
  }
}

/** Escapes of terminals: colours, cursor moves, titles. */
const ESCAPES = /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])/g;

/** A row as it is shown: without a terminal's escapes, and what a carriage return began anew only in its last form. */
export function visible(text: string): string {
  if (!/[\x1b\r]/.test(text)) return text;
  const line = text.replace(ESCAPES, '').replace(/\r+$/, '');
  return line.slice(line.lastIndexOf('\r') + 1);
}
