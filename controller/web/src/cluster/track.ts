/** Figures over time: of one runner or of all, seeded by the controller's samples and gone on with what comes live. Pure. */

import type { RunnerInfo, Sample } from '../shared/types';

/** The figures at a moment, or averaged over a step that begins then. */
export interface Point {
  /** Seconds since 1970. */
  at: number;
  cpu: number;
  memory: number;
  jobs: number;
  containers: number;
  /** How many seconds it speaks for. */
  weight: number;
}

export interface Range {
  id: 'minute' | 'quarter' | 'hour' | 'day';
  /** How long it is, and how long one step of it, in seconds. */
  seconds: number;
  step: number;
}

export const RANGES: readonly [Range, ...Range[]] = [
  { id: 'minute', seconds: 60, step: 1 },
  { id: 'quarter', seconds: 900, step: 10 },
  { id: 'hour', seconds: 3600, step: 30 },
  { id: 'day', seconds: 86_400, step: 300 },
];

/** How often the controller keeps a sample, in seconds: finer steps cannot be asked for. */
const SAMPLED = 10;

export const asked = (range: Range): number => Math.max(range.step, SAMPLED);

/** What a runner says of itself; nothing where it has not measured yet. */
export function pointOf(runner: RunnerInfo, at: number): Point | undefined {
  const told = runner.telemetry;
  if (!told) return undefined;
  const { cpu_percent: cpu, memory_percent: memory, active_jobs: jobs, active_containers: containers } = told;
  return { at, cpu, memory, jobs, containers, weight: 1 };
}

/** CPU and memory averaged over runners, jobs and containers summed. */
export function total(runners: Iterable<RunnerInfo>, at: number): Point | undefined {
  const points = [...runners].flatMap((runner) => pointOf(runner, at) ?? []);
  if (points.length === 0) return undefined;
  const sum = (of: (point: Point) => number): number => points.reduce((all, point) => all + of(point), 0);
  return {
    at,
    cpu: sum((point) => point.cpu) / points.length,
    memory: sum((point) => point.memory) / points.length,
    jobs: sum((point) => point.jobs),
    containers: sum((point) => point.containers),
    weight: 1,
  };
}

/** The controller's samples as points; the last may speak for a part of its step only. */
export function seeded(samples: readonly Sample[], range: Range, now: number): Point[] {
  const step = asked(range);
  const points = samples.map((sample) => {
    const at = Date.parse(sample.at) / 1000;
    const weight = Math.min(step, Math.max(1, now - at));
    return {
      at,
      cpu: sample.cpu_percent,
      memory: sample.memory_percent,
      jobs: sample.active_jobs,
      containers: sample.active_containers,
      weight,
    };
  });
  return points.sort((one, other) => one.at - other.at);
}

/** Those points before, then these. */
export function joined(before: readonly Point[], live: readonly Point[], range: Range): Point[] {
  const from = live[0]?.at ?? Infinity;
  return live.reduce((points, point) => append(points, point, range), before.filter(({ at }) => at < from));
}

/** One more: averaged into its step, where that is under way already. What is older than the range is forgotten. */
export function append(points: readonly Point[], point: Point, range: Range): Point[] {
  const begin = Math.floor(point.at / range.step) * range.step;
  const kept = points.filter(({ at }) => at >= point.at - range.seconds - range.step);
  const last = kept.at(-1);
  if (last && last.at >= begin) return [...kept.slice(0, -1), merged(last, point)];
  return [...kept, { ...point, at: begin }];
}

function merged(one: Point, other: Point): Point {
  const weight = one.weight + other.weight;
  const mean = (a: number, b: number): number => (a * one.weight + b * other.weight) / weight;
  return {
    at: one.at,
    cpu: mean(one.cpu, other.cpu),
    memory: mean(one.memory, other.memory),
    jobs: mean(one.jobs, other.jobs),
    containers: mean(one.containers, other.containers),
    weight,
  };
}

export type Figure = 'cpu' | 'memory' | 'jobs' | 'containers';

export interface Columns {
  at: number[];
  values: (number | null)[][];
}

/** As a graph wants them; where nothing is known for longer than samples are apart, the line breaks. */
export function columns(points: readonly Point[], figures: readonly Figure[], range: Range): Columns {
  const apart = asked(range) * 2.5;
  const result: Columns = { at: [], values: figures.map(() => []) };
  for (const point of points) {
    const before = result.at.at(-1);
    if (before !== undefined && point.at - before > apart) add(result, before + range.step, () => null);
    add(result, point.at, (index) => point[figures[index] as Figure]);
  }
  return result;
}

function add({ at, values }: Columns, moment: number, value: (index: number) => number | null): void {
  at.push(moment);
  values.forEach((column, index) => column.push(value(index)));
}

export interface Summary {
  now: number;
  average: number;
  highest: number;
}

/** Nothing where nothing is known. */
export function summary(points: readonly Point[], figure: Figure): Summary | undefined {
  const last = points.at(-1);
  if (!last) return undefined;
  const weight = points.reduce((all, point) => all + point.weight, 0);
  const sum = points.reduce((all, point) => all + point[figure] * point.weight, 0);
  return { now: last[figure], average: sum / weight, highest: Math.max(...points.map((point) => point[figure])) };
}
