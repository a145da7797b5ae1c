/** What a program wrote, in pieces that a browser can show without stopping for breath. Pure. */

/** How much is shown at first: a browser lays this out at once. */
export const FIRST_LINES = 2000;
export const FIRST_CHARACTERS = 200_000;

/** Of a stream that is still being written, this much is kept, from its end. */
export const KEPT_CHARACTERS = 400_000;

/** Where everything is shown, it stands in pieces of so much, of which only those in sight are laid out. */
const PIECE_LINES = 200;
const PIECE_CHARACTERS = 32_000;

export interface Excerpt {
  text: string;
  /** Whether there is more than this. */
  isCut: boolean;
}

/** The beginning of a text, to the end of a line where it is cut. */
export function beginning(text: string): Excerpt {
  let end = nthLine(text, FIRST_LINES, 0);
  if (end > FIRST_CHARACTERS) end = lineStart(text, FIRST_CHARACTERS) || FIRST_CHARACTERS;
  return { text: text.slice(0, end), isCut: end < text.length };
}

/** The end of a text, from the beginning of a line where it is cut. */
export function ending(text: string): Excerpt {
  let start = Math.max(0, text.length - FIRST_CHARACTERS);
  if (start > 0) start = nthLine(text, 1, start) < text.length ? nthLine(text, 1, start) : start;
  const surplus = lines(text.slice(start)) - FIRST_LINES;
  if (surplus > 0) start = nthLine(text, surplus, start);
  return { text: text.slice(start), isCut: start > 0 };
}

/** The whole text in pieces that end with lines, or where a line is too long for one piece. */
export function pieces(text: string): string[] {
  const found: string[] = [];
  for (let at = 0; at < text.length; ) {
    let end = nthLine(text, PIECE_LINES, at);
    if (end - at > PIECE_CHARACTERS) {
      const line = lineStart(text, at + PIECE_CHARACTERS);
      end = line > at ? line : at + PIECE_CHARACTERS;
    }
    found.push(text.slice(at, end));
    at = end;
  }
  return found;
}

/** How many lines a text has; one that ends within a line counts it. */
export function lines(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count += 1;
  return text === '' || text.endsWith('\n') ? count : count + 1;
}

/** Where the n-th line after `from` begins, or the end of the text. */
function nthLine(text: string, n: number, from: number): number {
  let at = from;
  for (let count = 0; count < n; count += 1) {
    const end = text.indexOf('\n', at);
    if (end < 0) return text.length;
    at = end + 1;
  }
  return at;
}

/** Where the line begins that `before` is in. */
const lineStart = (text: string, before: number): number => text.lastIndexOf('\n', before - 1) + 1;
