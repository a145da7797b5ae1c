/** Editing a line in a terminal before it is sent: what is typed goes in, what to show and what to do come out. */

/** `send`: text for the program; `end`: no more input; `stop`: the program shall end. */
export type Deed = { type: 'send'; text: string } | { type: 'end' } | { type: 'stop' };

export interface Answer {
  /** What the terminal has to write. */
  echo: string;
  deeds: Deed[];
}

const HISTORY = 100;
/** A key as a terminal sends it, or one letter; and what a terminal answers to a program that asks it something. */
const KEY = /\x1b\[[0-?]*[ -/]*[@-~]|\x1bO[A-Za-z]|\x1b[P\]][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b.?|\r\n|[^]/gu;

export class LineEditor {
  #letters: string[] = [];
  #cursor = 0;
  readonly #history: string[] = [];
  /** The place in the history; its length: the line that is being typed. */
  #place = 0;

  /** Takes what the terminal got from the keyboard or the clipboard. */
  type(data: string): Answer {
    const answer: Answer = { echo: '', deeds: [] };
    for (const [key] of data.matchAll(KEY)) this.#key(key, answer);
    return answer;
  }

  /** What takes the line off the screen, so that output can come, and what puts it back behind that. */
  around(): { before: string; after: string } {
    if (this.#letters.length === 0) return { before: '', after: '' };
    return { before: `${left(this.#widthBefore())}\x1b[J`, after: this.#letters.join('') + left(this.#widthBehind()) };
  }

  #key(key: string, answer: Answer): void {
    switch (key) {
      case '\r':
      case '\n':
      case '\r\n':
        return this.#enter(answer);
      case '\x03':
        answer.echo += '^C\r\n';
        answer.deeds.push({ type: 'stop' });
        return this.#forget();
      case '\x04':
        return this.#endOfInput(answer);
      case '\x7f':
      case '\b':
        if (this.#cursor > 0) this.#replace(this.#cursor - 1, this.#cursor, [], answer);
        return;
      case '\x1b[3~':
        return this.#replace(this.#cursor, this.#cursor + 1, [], answer);
      case '\x15':
        return this.#replace(0, this.#cursor, [], answer);
      case '\x0b':
        return this.#replace(this.#cursor, this.#letters.length, [], answer);
      case '\x1b[D':
        return this.#go(this.#cursor - 1, answer);
      case '\x1b[C':
        return this.#go(this.#cursor + 1, answer);
      case '\x01':
      case '\x1b[H':
        return this.#go(0, answer);
      case '\x05':
      case '\x1b[F':
        return this.#go(this.#letters.length, answer);
      case '\x1b[A':
        return this.#recall(this.#place - 1, answer);
      case '\x1b[B':
        return this.#recall(this.#place + 1, answer);
      case '\t':
        return this.#replace(this.#cursor, this.#cursor, ['\t'], answer);
      default:
        if (!/^[\x00-\x1f]/.test(key)) this.#replace(this.#cursor, this.#cursor, [key], answer);
    }
  }

  #enter(answer: Answer): void {
    const line = this.#letters.join('');
    answer.echo += `${right(this.#widthBehind())}\r\n`;
    answer.deeds.push({ type: 'send', text: `${line}\n` });
    if (line && line !== this.#history.at(-1)) this.#history.push(line);
    if (this.#history.length > HISTORY) this.#history.shift();
    this.#forget();
  }

  /** As a terminal has it: the line so far is sent; an empty one ends the input. */
  #endOfInput(answer: Answer): void {
    if (this.#letters.length === 0) answer.deeds.push({ type: 'end' });
    else answer.deeds.push({ type: 'send', text: this.#letters.join('') });
    answer.echo += right(this.#widthBehind());
    this.#forget();
  }

  #forget(): void {
    this.#letters = [];
    this.#cursor = 0;
    this.#place = this.#history.length;
  }

  #recall(place: number, answer: Answer): void {
    if (place < 0 || place > this.#history.length) return;
    this.#place = place;
    this.#replace(0, this.#letters.length, [...(this.#history[place] ?? '')], answer);
  }

  #go(to: number, answer: Answer): void {
    const target = Math.max(0, Math.min(this.#letters.length, to));
    if (target < this.#cursor) answer.echo += left(width(this.#letters.slice(target, this.#cursor)));
    else answer.echo += right(width(this.#letters.slice(this.#cursor, target)));
    this.#cursor = target;
  }

  #replace(from: number, to: number, letters: string[], answer: Answer): void {
    this.#go(from, answer);
    this.#letters.splice(from, to - from, ...letters);
    answer.echo += `\x1b[J${this.#letters.slice(from).join('')}`;
    this.#cursor = from + letters.length;
    answer.echo += left(this.#widthBehind());
  }

  #widthBefore(): number {
    return width(this.#letters.slice(0, this.#cursor));
  }

  #widthBehind(): number {
    return width(this.#letters.slice(this.#cursor));
  }
}

const left = (n: number): string => (n > 0 ? `\x1b[${n}D` : '');
const right = (n: number): string => (n > 0 ? `\x1b[${n}C` : '');

/** Columns: two for the letters of East Asia and for pictures, none for marks upon letters. */
function width(letters: readonly string[]): number {
  return letters.reduce((sum, letter) => sum + columns(letter), 0);
}

function columns(letter: string): number {
  if (/^\p{Mark}/u.test(letter)) return 0;
  return /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\uff01-\uff60]/u.test(letter) ? 2 : 1;
}
