import { expect, test } from 'vitest';
import type { Activity, ClusterInfo, RunnerInfo } from '../shared/types';
import { type Change, type Event, idle, type Live, NOTHING, reduce } from './state';

const cluster = { version: '1', runners: 2, available_runners: 2 } as ClusterInfo;
const activity = { at: '2026-01-01T12:00:00Z' } as Activity;
const runner = (name: string, more: Partial<RunnerInfo> = {}): RunnerInfo =>
  ({ name, state: 'available', assigned_jobs: 0, ...more }) as RunnerInfo;

const snapshot = (...runners: RunnerInfo[]): Event => ({ type: 'snapshot', cluster, activity, runners });
const change = (more: Partial<Change>): Event => ({ type: 'change', cluster, activity, runners: [], gone: [], ...more });
const after = (...events: Event[]): Live => events.reduce(reduce, NOTHING);
const names = (live: Live): string[] => [...live.runners.keys()];

test('a change replaces what has changed and leaves the rest as the objects they were', () => {
  const [one, two] = [runner('lab-1'), runner('lab-2')];
  const live = after(snapshot(one, two), change({ runners: [runner('lab-2', { assigned_jobs: 3 })] }));
  expect(live.runners.get('lab-1')).toBe(one);
  expect(live.runners.get('lab-2')?.assigned_jobs).toBe(3);
  expect(names(live)).toEqual(['lab-1', 'lab-2']);
});

test('a change without news of runners keeps them all as they are', () => {
  const before = after(snapshot(runner('lab-1')));
  const live = reduce(before, change({ cluster: { ...cluster, queued: 7 } }));
  expect(live.runners).toBe(before.runners);
  expect(live.cluster?.queued).toBe(7);
});

test.each([
  ['lost', runner('lab-1', { assigned_jobs: 2 }), []],
  ['drained', runner('lab-1', { state: 'draining', assigned_jobs: 2 }), []],
  ['removed', runner('lab-1', { assigned_jobs: 2 }), [{ type: 'expect', name: 'lab-1', why: 'removed' } as Event]],
])('a runner that goes is told of: %s', (why, gone, before) => {
  const live = after(snapshot(gone, runner('lab-2')), ...before, change({ gone: ['lab-1'] }));
  expect(names(live)).toEqual(['lab-2']);
  expect(live.left).toEqual([{ name: 'lab-1', at: activity.at, why, jobs: 2 }]);
});

test('a runner whose removal failed and that goes later was lost', () => {
  const live = after(snapshot(runner('lab-1')), { type: 'expect', name: 'lab-1', why: 'removed' }, { type: 'stays', name: 'lab-1' }, change({ gone: ['lab-1'] }));
  expect(live.left[0]?.why).toBe('lost');
});

test('a runner that was to leave, and was taken back, was lost when it goes later', () => {
  const leaving: Event = { type: 'expect', name: 'lab-1', why: 'drained' };
  const live = after(snapshot(runner('lab-1')), leaving, { type: 'runner', runner: runner('lab-1') }, change({ gone: ['lab-1'] }));
  expect(live.left[0]?.why).toBe('lost');
});

test('a runner that comes back is not told of any more, and only the latest are', () => {
  const all = Array.from({ length: 8 }, (_, number) => runner(`lab-${number}`));
  const gone = after(snapshot(...all), ...all.map(({ name }) => change({ gone: [name] })));
  expect(gone.left.map(({ name }) => name)).toEqual(['lab-7', 'lab-6', 'lab-5', 'lab-4', 'lab-3']);
  expect(reduce(gone, { type: 'seen' }).left).toEqual([]);
  const back = reduce(gone, change({ runners: [runner('lab-5')] }));
  expect(back.left.map(({ name }) => name)).toEqual(['lab-7', 'lab-6', 'lab-4', 'lab-3']);
  expect(reduce(gone, snapshot(runner('lab-7'))).left.map(({ name }) => name)).not.toContain('lab-7');
});

test('a new snapshot forgets runners without calling them lost: the controller may have just begun', () => {
  const live = after(snapshot(runner('lab-1')), snapshot());
  expect(names(live)).toEqual([]);
  expect(live.left).toEqual([]);
});

test('the answer to a call about a runner that has left meanwhile does not bring it back', () => {
  const live = after(snapshot(runner('lab-1')), change({ gone: ['lab-1'] }), { type: 'runner', runner: runner('lab-1') });
  expect(names(live)).toEqual([]);
});

test('who may only see the summary is left with nothing of the runners', () => {
  const live = after(snapshot(runner('lab-1')), { type: 'summary', cluster: { ...cluster, activity } });
  expect(names(live)).toEqual([]);
  expect(live.activity).toBe(activity);
});

test('runners that take no jobs are counted by state', () => {
  const counts = idle([runner('a'), runner('b', { state: 'paused' }), runner('c', { state: 'paused' }), runner('d', { state: 'draining' })]);
  expect([...counts]).toEqual([['paused', 2], ['draining', 1]]);
});

test('one that was paused is shown as that, not as unavailable', () => {
  const paused = runner('a', { state: 'unavailable', reason: 'paused by ada', settings: { paused: true } });
  const live = after(snapshot(paused));
  expect(live.runners.get('a')?.state).toBe('paused');
});
