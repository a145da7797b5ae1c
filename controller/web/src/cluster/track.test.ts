import { expect, test } from 'vitest';
import type { RunnerInfo, Sample } from '../shared/types';
import { append, columns, joined, type Point, type Range, RANGES, seeded, summary, total } from './track';

const [minute, quarter, , day] = RANGES as unknown as [Range, Range, Range, Range];
const point = (at: number, cpu = 0, weight = 1): Point => ({ at, cpu, memory: 0, jobs: 0, containers: 0, weight });
const sample = (at: number, cpu_percent: number): Sample =>
  ({ runner: '*', at: new Date(at * 1000).toISOString(), cpu_percent, memory_percent: 1, active_jobs: 2, active_containers: 3 });
const runner = (cpu_percent: number, active_jobs: number): RunnerInfo =>
  ({ telemetry: { cpu_percent, memory_percent: 50, load: 1, active_jobs, active_containers: 4 } }) as RunnerInfo;

test('of all runners, shares are averaged and jobs summed; those that have measured nothing do not count', () => {
  const all = total([runner(20, 1), runner(60, 2), {} as RunnerInfo], 7);
  expect(all).toMatchObject({ at: 7, cpu: 40, jobs: 3, containers: 8 });
  expect(total([{} as RunnerInfo], 7)).toBeUndefined();
});

test('points of one step become their average, a new step a new point', () => {
  const points = [10, 20, 60].reduce<Point[]>((all, cpu, second) => append(all, point(1000 + second, cpu), quarter), []);
  expect(points).toMatchObject([{ at: 1000, cpu: 30, weight: 3 }]);
  expect(append(points, point(1010, 5), quarter).map(({ at }) => at)).toEqual([1000, 1010]);
});

test('what is older than the range is forgotten', () => {
  let points: Point[] = [];
  for (let at = 0; at < 500; at += 1) points = append(points, point(at), minute);
  expect(points).toHaveLength(62);
  expect(points.at(-1)?.at).toBe(499);
});

test('the sample under way counts for the seconds that it has seen', () => {
  const points = seeded([sample(600, 80), sample(300, 10)], day, 630);
  expect(points).toMatchObject([{ at: 300, weight: 300 }, { at: 600, weight: 30 }]);
  expect(append(points, point(630, 18), day).at(-1)?.cpu).toBeCloseTo(78, 0);
});

test('live seconds take the place of samples of the same time', () => {
  const points = joined([point(0, 1), point(10, 2), point(20, 3)], [point(12, 50), point(13, 60)], minute);
  expect(points.map(({ at, cpu }) => [at, cpu])).toEqual([[0, 1], [10, 2], [12, 50], [13, 60]]);
  expect(joined([point(0, 1)], [], minute)).toHaveLength(1);
});

test('a line breaks where nothing is known, and not between samples and seconds', () => {
  const { at, values } = columns([point(0, 1), point(10, 2), point(11, 3), point(60, 4)], ['cpu', 'jobs'], minute);
  expect(at).toEqual([0, 10, 11, 12, 60]);
  expect(values).toEqual([[1, 2, 3, null, 4], [0, 0, 0, null, 0]]);
});

test('a summary weighs points by the time they speak for', () => {
  expect(summary([point(0, 10, 9), point(9, 20, 1)], 'cpu')).toEqual({ now: 20, average: 11, highest: 20 });
  expect(summary([], 'cpu')).toBeUndefined();
});
