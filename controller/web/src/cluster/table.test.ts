import { expect, test } from 'vitest';
import type { RunnerInfo } from '../shared/types';
import { chosen, type Key, matches, sorted } from './table';

const runner = (name: string, more: Partial<RunnerInfo> = {}): RunnerInfo =>
  ({ name, state: 'available', version: '0.1.0', languages: ['python'], assigned_jobs: 0, connected_at: '2026-01-01T00:00:00Z', ...more }) as RunnerInfo;
const told = (cpu_percent: number): Partial<RunnerInfo> =>
  ({ telemetry: { cpu_percent, memory_percent: 0, load: 0, active_jobs: 0, active_containers: 0 } });

const order = (runners: RunnerInfo[], key: Key, isDescending = false): string[] =>
  sorted(runners, { key, isDescending }).map(({ name }) => name);

test('numbers in names are numbers', () => {
  expect(order([runner('lab-10'), runner('lab-2'), runner('b')], 'name')).toEqual(['b', 'lab-2', 'lab-10']);
  expect(order([runner('lab-10'), runner('lab-2')], 'name', true)).toEqual(['lab-10', 'lab-2']);
});

test('figures decide, then names; runners that have measured nothing are the least', () => {
  const runners = [runner('new'), runner('b', told(5)), runner('a', told(5)), runner('c', told(90))];
  expect(order(runners, 'cpu', true)).toEqual(['c', 'a', 'b', 'new']);
  expect(order(runners, 'cpu')).toEqual(['new', 'a', 'b', 'c']);
});

test('the one that is up longest has the most uptime, since its host began where that is known', () => {
  const runners = [runner('new', { connected_at: '2026-01-02T00:00:00Z' }), runner('old', { connected_at: '2026-01-02T00:00:00Z', started_at: '2025-01-01T00:00:00Z' })];
  expect(order(runners, 'since', true)).toEqual(['old', 'new']);
});

test('runners that take jobs come before those that do not', () => {
  const runners = (['unavailable', 'paused', 'available', 'draining'] as const).map((state) => runner(state, { state }));
  expect(order(runners, 'state')).toEqual(['available', 'paused', 'draining', 'unavailable']);
});

test('a column chosen twice turns round; figures begin with the most', () => {
  const cpu = chosen({ key: 'name', isDescending: false }, 'cpu');
  expect(cpu).toEqual({ key: 'cpu', isDescending: true });
  expect(chosen(cpu, 'cpu').isDescending).toBe(false);
  expect(chosen(cpu, 'version').isDescending).toBe(false);
});

test('every word has to be somewhere: in name, state, reason, language, version or label', () => {
  const one = runner('Lab-1', { reason: 'its disk is full', labels: { room: 'b12' } });
  for (const text of ['', '  ', 'lab', 'PAUSED', 'disk full', 'room=b12 python', '0.1.0']) expect(matches(one, text, 'Paused'), text).toBe(true);
  for (const text of ['lab-2', 'lab java']) expect(matches(one, text, 'Paused'), text).toBe(false);
});
