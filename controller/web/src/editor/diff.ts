/** What differs between two texts, line by line. */

import type { Comparison } from '../shared/comparing';

export interface DiffLine {
  kind: 'same' | 'missing' | 'extra';
  text: string;
  /** The line's number in what was expected, and in what came; from 1. */
  expected: number | undefined;
  got: number | undefined;
}

export interface Diff {
  lines: DiffLine[];
  /** The texts were too large to be compared to their ends. */
  isCut: boolean;
}

/** The most lines of either text, and the most differences looked for: the work is their product. */
const MAX_LINES = 5000;
const MAX_EDITS = 400;

/** Compares by Myers' O(ND) algorithm. Beyond its bounds, the rest of both texts stands as missing and extra. */
export function diff(expected: string, got: string, { lines, same: isSame }: Comparison): Diff {
  const allA = lines(expected);
  const allB = lines(got);
  const equal = (one: string | undefined, other: string | undefined): boolean => isSame(one as string, other as string);
  const a = allA.slice(0, MAX_LINES);
  const b = allB.slice(0, MAX_LINES);
  let head = 0;
  while (head < a.length && head < b.length && equal(a[head], b[head])) head += 1;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && equal(a[a.length - 1 - tail], b[b.length - 1 - tail])) tail += 1;
  const middle = edits(a.slice(head, a.length - tail), b.slice(head, b.length - tail), equal);
  const kinds = [...same(head), ...middle, ...same(tail)];
  return { lines: numbered(kinds, a, b), isCut: allA.length > a.length || allB.length > b.length };
}

type Kind = DiffLine['kind'];

const same = (n: number): Kind[] => Array<Kind>(n).fill('same');

function numbered(kinds: Kind[], a: string[], b: string[]): DiffLine[] {
  let expected = 0;
  let got = 0;
  return kinds.map((kind) => {
    if (kind !== 'extra') expected += 1;
    if (kind !== 'missing') got += 1;
    const text = (kind === 'extra' ? b[got - 1] : a[expected - 1]) ?? '';
    return { kind, text, expected: kind === 'extra' ? undefined : expected, got: kind === 'missing' ? undefined : got };
  });
}

/** The shortest way from `a` to `b`, or all of both where it is longer than the bound. */
function edits(a: string[], b: string[], equal: (one: string | undefined, other: string | undefined) => boolean): Kind[] {
  const bound = Math.min(MAX_EDITS, a.length + b.length);
  const furthest = new Map<number, number>([[1, 0]]);
  const trace: Map<number, number>[] = [];
  for (let d = 0; d <= bound; d += 1) {
    trace.push(new Map(furthest));
    for (let k = -d; k <= d; k += 2) {
      let x = isDown(furthest, k, d) ? at(furthest, k + 1) : at(furthest, k - 1) + 1;
      while (x < a.length && x - k < b.length && equal(a[x], b[x - k])) x += 1;
      furthest.set(k, x);
      if (x >= a.length && x - k >= b.length) return backtrack(trace, a.length, b.length);
    }
  }
  return [...Array<Kind>(a.length).fill('missing'), ...Array<Kind>(b.length).fill('extra')];
}

const at = (furthest: Map<number, number>, k: number): number => furthest.get(k) ?? -1;

function isDown(furthest: Map<number, number>, k: number, d: number): boolean {
  return k === -d || (k !== d && at(furthest, k - 1) < at(furthest, k + 1));
}

function backtrack(trace: Map<number, number>[], endX: number, endY: number): Kind[] {
  const kinds: Kind[] = [];
  let x = endX;
  let y = endY;
  for (let d = trace.length - 1; d >= 0; d -= 1) {
    const furthest = trace[d] as Map<number, number>;
    const k = x - y;
    const down = isDown(furthest, k, d);
    const fromX = at(furthest, down ? k + 1 : k - 1);
    const fromY = fromX - (down ? k + 1 : k - 1);
    while (x > fromX && y > fromY) {
      kinds.push('same');
      x -= 1;
      y -= 1;
    }
    if (d > 0) kinds.push(down ? 'extra' : 'missing');
    x = fromX;
    y = fromY;
  }
  return kinds.reverse();
}
