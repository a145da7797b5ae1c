/** How texts look to the runner's checkers, so that what is shown is what was judged. Pure. */

import type { Checker, Tolerance } from './types';

export type CheckerKind = 'trimmed' | 'exact' | 'tokens' | 'unordered_lines' | 'float' | 'custom';

export const kindOf = (checker: Checker | undefined): CheckerKind => (typeof checker === 'object' ? 'float' : (checker ?? 'trimmed'));

/** A text as lines to compare, and when two of them are the same. */
export interface Comparison {
  lines(text: string): string[];
  same(expected: string, got: string): boolean;
}

const USUAL_TOLERANCE = 1e-6;
const BLANKS = /[ \t\n\f\r]+/;

/** What is no rule of the page's own, a custom checker, is compared as by `trimmed`. */
export function comparison(checker: Checker | undefined): Comparison {
  const equal = (expected: string, got: string): boolean => expected === got;
  if (typeof checker === 'object') return { lines: wordLines, same: (expected, got) => areClose(words(expected), words(got), checker.float) };
  switch (checker) {
    case 'exact':
      return { lines: exactLines, same: equal };
    case 'tokens':
      return { lines: wordLines, same: equal };
    case 'unordered_lines':
      return { lines: (text) => trimmedLines(text).filter(Boolean).sort(), same: equal };
    default:
      return { lines: trimmedLines, same: equal };
  }
}

/** Where two texts differ first, from 1; with lines in any order that is nowhere. */
export type Difference = { unit: 'line' | 'word'; at: number; expected: string | undefined; got: string | undefined };

/** `undefined` where the checker sees none. */
export function firstDifference(expected: string, got: string, checker: Checker | undefined): Difference | undefined {
  const kind = kindOf(checker);
  if (kind === 'unordered_lines') return undefined;
  const isByWord = kind === 'tokens' || kind === 'float';
  const { same } = comparison(checker);
  const split = isByWord ? words : kind === 'exact' ? wholeLines : trimmedLines;
  const [a, b] = [split(expected), split(got)];
  const length = Math.max(a.length, b.length);
  for (let at = 0; at < length; at += 1) {
    const [one, other] = [a[at], b[at]];
    if (one !== undefined && other !== undefined && same(one, other)) continue;
    return { unit: isByWord ? 'word' : 'line', at: at + 1, expected: one, got: other };
  }
  return undefined;
}

const exactLines = (text: string): string[] => (text === '' ? [] : text.replace(/\n$/, '').split('\n'));

/** With their ends: that the last one has none counts. */
const wholeLines = (text: string): string[] => text.match(/[^\n]*\n|[^\n]+/g) ?? [];

/** White space at the ends of lines and empty lines at the end do not count. */
function trimmedLines(text: string): string[] {
  const whole = trimEnd(text);
  return whole === '' ? [] : whole.split('\n').map(trimEnd);
}

/** Not by a pattern, which would try every blank of a long row of them; and `trimEnd` of the language knows more blanks. */
function trimEnd(text: string): string {
  let end = text.length;
  while (end > 0 && ' \t\n\f\r'.includes(text[end - 1] as string)) end -= 1;
  return text.slice(0, end);
}

const words = (text: string): string[] => text.split(BLANKS).filter(Boolean);

/** Lines in which one blank parts the words, without the empty ones. */
const wordLines = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => words(line).join(' '))
    .filter(Boolean);

function areClose(expected: string[], got: string[], tolerance: Tolerance): boolean {
  return expected.length === got.length && expected.every((word, at) => isClose(word, got[at] ?? '', tolerance));
}

function isClose(expected: string, got: string, { absolute = USUAL_TOLERANCE, relative = USUAL_TOLERANCE }: Tolerance): boolean {
  if (expected === got) return true;
  const [a, b] = [number(expected), number(got)];
  if (a === undefined || b === undefined) return false;
  const difference = Math.abs(a - b);
  return difference <= absolute || difference <= relative * Math.abs(a);
}

/** A finite number in decimal notation; words like `inf` are compared as words. */
function number(word: string): number | undefined {
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(word) && Number.isFinite(Number(word)) ? Number(word) : undefined;
}
