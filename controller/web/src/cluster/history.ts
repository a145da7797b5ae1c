/** The last minute of every runner, second by second, as it came over the stream. */

import type { RunnerInfo } from '../shared/types';
import { type Point, pointOf, total } from './track';

const KEPT_SECONDS = 60;

/** The name that stands for all runners together. */
export const ALL = '*';

export class History {
  #points = new Map<string, Point[]>();

  /** Notes how all are doing now. Those that are gone are forgotten. */
  note(runners: ReadonlyMap<string, RunnerInfo>, at: number): void {
    for (const name of this.#points.keys()) if (name !== ALL && !runners.has(name)) this.#points.delete(name);
    for (const [name, runner] of runners) this.#add(name, pointOf(runner, at), at);
    this.#add(ALL, total(runners.values(), at), at);
  }

  /** The oldest first; what is given stays as it is. */
  of(name: string): readonly Point[] {
    return this.#points.get(name) ?? [];
  }

  #add(name: string, point: Point | undefined, at: number): void {
    const known = this.#points.get(name) ?? [];
    // The same second may come twice: as a snapshot, and as a change.
    const kept = known.filter((before) => before.at > at - KEPT_SECONDS && before.at < at);
    this.#points.set(name, point ? [...kept, point] : kept);
  }
}

/** A line of these percentages for an SVG of this size, the latest at its right edge. */
export function sparkline(points: readonly Point[], width: number, height: number, now: number): string {
  const x = (at: number): number => Math.round((1 - (now - at) / KEPT_SECONDS) * width * 10) / 10;
  const y = (percent: number): number => Math.round((1 - Math.min(100, percent) / 100) * (height - 2) * 10) / 10 + 1;
  return points.map(({ at, cpu }) => `${x(at)},${y(cpu)}`).join(' ');
}
