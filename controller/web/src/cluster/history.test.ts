import { expect, test } from 'vitest';
import type { RunnerInfo } from '../shared/types';
import { ALL, History, sparkline } from './history';

const runners = (cpu: Record<string, number>): Map<string, RunnerInfo> =>
  new Map(Object.entries(cpu).map(([name, cpu_percent]) => [name, { name, telemetry: { cpu_percent, memory_percent: 0, load: 0, active_jobs: 1, active_containers: 0 } } as RunnerInfo]));

test('a minute is kept of each runner and of all, also while nothing changes', () => {
  const history = new History();
  for (let at = 0; at < 200; at += 1) history.note(runners({ a: 10, b: 30 }), at);
  expect(history.of('a')).toHaveLength(60);
  expect(history.of('a').at(-1)).toMatchObject({ at: 199, cpu: 10 });
  expect(history.of(ALL).at(-1)).toMatchObject({ cpu: 20, jobs: 2 });
});

test('a runner that has gone is forgotten, and so is a second that is told twice', () => {
  const history = new History();
  history.note(runners({ a: 10, b: 30 }), 1);
  history.note(runners({ a: 20 }), 1);
  expect(history.of('b')).toEqual([]);
  expect(history.of('a').map(({ cpu }) => cpu)).toEqual([20]);
  history.note(runners({}), 2);
  expect(history.of('a')).toEqual([]);
});

test('a line ends at the right edge, and more than everything stays inside', () => {
  const history = new History();
  history.note(runners({ a: 0 }), 30);
  history.note(runners({ a: 150 }), 60);
  expect(sparkline(history.of('a'), 60, 20, 60)).toBe('30,19 60,1');
});
