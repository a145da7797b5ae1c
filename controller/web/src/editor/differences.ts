/** What of a diff is worth a look: long stretches of what is the same are left out, and the first difference is marked. Pure. */

import type { DiffLine } from './diff';

/** A line, or how many lines that are the same are left out here. */
export type Row = { type: 'line'; line: DiffLine; isFirst: boolean; mark: Mark | undefined } | { type: 'folded'; count: number };

/** The letters of a line that differ from its counterpart. */
export interface Mark {
  from: number;
  to: number;
}

/** Lines shown before and behind each difference. */
const AROUND = 3;
/** Fewer are shown rather than left out. */
const LEAST_FOLDED = 4;

export function rows(lines: readonly DiffLine[]): Row[] {
  const first = lines.findIndex(({ kind }) => kind !== 'same');
  const marks = first < 0 ? new Map<number, Mark>() : marksAt(lines, first);
  const found: Row[] = [];
  for (let at = 0; at < lines.length; ) {
    const end = endOfSame(lines, at);
    const [from, to] = [at === 0 ? at : at + AROUND, end === lines.length ? end : end - AROUND];
    const isFolded = to - from >= LEAST_FOLDED && first >= 0;
    const next = Math.max(at + 1, end);
    for (let index = at; index < next; index += 1) {
      if (isFolded && index >= from && index < to) continue;
      if (isFolded && index === to) found.push({ type: 'folded', count: to - from });
      found.push({ type: 'line', line: lines[index] as DiffLine, isFirst: index === first, mark: marks.get(index) });
    }
    if (isFolded && to === end) found.push({ type: 'folded', count: to - from });
    at = next;
  }
  return found;
}

/** Where the lines that are the same end, from here; here itself where this one differs. */
function endOfSame(lines: readonly DiffLine[], from: number): number {
  let end = from;
  while (lines[end]?.kind === 'same') end += 1;
  return end;
}

/** The first difference's lines: the missing one and the one that came in its place. */
function marksAt(lines: readonly DiffLine[], first: number): Map<number, Mark> {
  const kind = lines[first]?.kind;
  let other = first;
  while (lines[other]?.kind === kind) other += 1;
  const counterpart = lines[other];
  if (!counterpart || counterpart.kind === 'same') return new Map();
  const [one, two] = apart(lines[first]?.text ?? '', counterpart.text);
  return new Map([[first, one], [other, two]]);
}

/** What is between the beginning and the end that both have. */
export function apart(a: string, b: string): [Mark, Mark] {
  const most = Math.min(a.length, b.length);
  let from = 0;
  while (from < most && a[from] === b[from]) from += 1;
  let tail = 0;
  while (tail < most - from && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail += 1;
  return [{ from, to: a.length - tail }, { from, to: b.length - tail }];
}
