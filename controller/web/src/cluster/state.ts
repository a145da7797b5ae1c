/** What is known of the cluster, made of the events that tell of it. Pure. */

import type { Activity, ClusterInfo, RunnerInfo } from '../shared/types';

/** Why a runner is not there any more, as far as one can tell from here. */
export type Why = 'drained' | 'removed' | 'lost';

/** A runner that was there a moment ago. */
export interface Departure {
  name: string;
  /** When it was missed first, as the controller's clock says. */
  at: string;
  why: Why;
  /** The jobs that it had then. */
  jobs: number;
}

export interface Live {
  cluster: ClusterInfo | undefined;
  activity: Activity | undefined;
  /** By name. What has not changed stays the same object. */
  runners: ReadonlyMap<string, RunnerInfo>;
  /** The latest first. */
  left: readonly Departure[];
  /** Runners that this page has made go, and how: an idle one is gone before it can say so itself. */
  expected: ReadonlyMap<string, Why>;
}

export interface Snapshot {
  cluster: ClusterInfo;
  activity: Activity;
  runners: RunnerInfo[];
}

export interface Change extends Snapshot {
  gone: string[];
}

export type Event =
  | ({ type: 'snapshot' } & Snapshot)
  | ({ type: 'change' } & Change)
  | { type: 'summary'; cluster: ClusterInfo }
  | { type: 'runner'; runner: RunnerInfo }
  | { type: 'expect'; name: string; why: Why }
  /** Who has left was noticed. */
  | { type: 'seen' }
  /** It stays after all. */
  | { type: 'stays'; name: string };

export const NOTHING: Live = {
  cluster: undefined,
  activity: undefined,
  runners: new Map(),
  left: [],
  expected: new Map(),
};

/** How many that have left are told of. */
const TOLD = 5;

export function reduce(live: Live, event: Event): Live {
  switch (event.type) {
    case 'snapshot': {
      const runners = new Map(event.runners.map((runner) => [runner.name, shown(runner)]));
      return { ...live, cluster: event.cluster, activity: event.activity, runners, left: present(live.left, runners) };
    }
    case 'change':
      return change(live, event);
    case 'summary':
      return { ...NOTHING, cluster: event.cluster, activity: event.cluster.activity };
    case 'runner':
      // An answer may come after the news that it has left.
      if (!live.runners.has(event.runner.name)) return live;
      return {
        ...live,
        runners: new Map(live.runners).set(event.runner.name, shown(event.runner)),
        expected: without(live.expected, [event.runner.name]),
      };
    case 'expect':
      return { ...live, expected: new Map(live.expected).set(event.name, event.why) };
    case 'seen':
      return { ...live, left: [] };
    case 'stays':
      return { ...live, expected: without(live.expected, [event.name]) };
  }
}

/** One that is paused takes no jobs because somebody said so, which is no fault of its own. */
function shown(runner: RunnerInfo): RunnerInfo {
  return runner.settings?.paused && runner.state === 'unavailable' ? { ...runner, state: 'paused' } : runner;
}

function change(live: Live, { cluster, activity, runners: changed, gone }: Change): Live {
  if (changed.length === 0 && gone.length === 0) return { ...live, cluster, activity };
  const runners = new Map(live.runners);
  const left = gone.flatMap((name) => departure(live, name, activity.at));
  for (const name of gone) runners.delete(name);
  for (const runner of changed) runners.set(runner.name, shown(runner));
  const told = present([...left, ...live.left], runners).slice(0, TOLD);
  return { ...live, cluster, activity, runners, left: told, expected: without(live.expected, gone) };
}

const without = (expected: ReadonlyMap<string, Why>, gone: readonly string[]): Map<string, Why> =>
  new Map([...expected].filter(([name]) => !gone.includes(name)));

function departure(live: Live, name: string, at: string): Departure[] {
  const runner = live.runners.get(name);
  if (!runner) return [];
  const why = live.expected.get(name) ?? (runner.state === 'draining' ? 'drained' : 'lost');
  return [{ name, at, why, jobs: runner.assigned_jobs }];
}

/** Those that are back are not told of any more. */
function present(left: readonly Departure[], runners: ReadonlyMap<string, RunnerInfo>): Departure[] {
  return left.filter(({ name }) => !runners.has(name));
}

/** How many runners are in each state, apart from those that take jobs. */
export function idle(runners: Iterable<RunnerInfo>): Map<Exclude<RunnerInfo['state'], 'available'>, number> {
  const counts = new Map<Exclude<RunnerInfo['state'], 'available'>, number>();
  for (const { state } of runners) if (state !== 'available') counts.set(state, (counts.get(state) ?? 0) + 1);
  return counts;
}
