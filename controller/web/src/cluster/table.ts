/** Which runners the table shows, and in what order. Pure. */

import type { RunnerInfo } from '../shared/types';

export const KEYS = ['name', 'state', 'languages', 'jobs', 'containers', 'cpu', 'memory', 'load', 'since', 'version', 'selftest'] as const;
export type Key = (typeof KEYS)[number];

export interface Order {
  key: Key;
  isDescending: boolean;
}

const STATES = ['available', 'paused', 'draining', 'unavailable'];

const byName = new Intl.Collator('en', { numeric: true }).compare;

/** Since when it is there: in milliseconds since 1970. */
export const since = (runner: RunnerInfo): number => Date.parse(runner.started_at ?? runner.connected_at);

const values: Record<Exclude<Key, 'name' | 'version'>, (runner: RunnerInfo) => number> = {
  state: (runner) => STATES.indexOf(runner.state),
  languages: (runner) => runner.languages.length,
  jobs: (runner) => runner.assigned_jobs,
  containers: (runner) => runner.telemetry?.active_containers ?? -1,
  cpu: (runner) => runner.telemetry?.cpu_percent ?? -1,
  memory: (runner) => runner.telemetry?.memory_percent ?? -1,
  load: (runner) => runner.telemetry?.load ?? -1,
  since: (runner) => -since(runner),
  selftest: (runner) => runner.selftest?.failed.length ?? -1,
};

/** Numbers in names count as numbers: lab-2 comes before lab-10. Where two are alike, names decide. */
export function sorted(runners: Iterable<RunnerInfo>, { key, isDescending }: Order): RunnerInfo[] {
  const sign = isDescending ? -1 : 1;
  const compare = (one: RunnerInfo, other: RunnerInfo): number => {
    if (key === 'name') return sign * byName(one.name, other.name);
    if (key === 'version') return sign * byName(one.version, other.version) || byName(one.name, other.name);
    return sign * (values[key](one) - values[key](other)) || byName(one.name, other.name);
  };
  return [...runners].sort(compare);
}

const FIGURES: readonly Key[] = ['jobs', 'containers', 'cpu', 'memory', 'load', 'since', 'selftest'];

/** The order by a column that is chosen first: figures begin with the most. */
export const first = (key: Key): Order => ({ key, isDescending: FIGURES.includes(key) });

/** The order after somebody has chosen this column: the same one again turns it round. */
export function chosen(order: Order, key: Key): Order {
  return order.key === key ? { key, isDescending: !order.isDescending } : first(key);
}

/** Whether each of the words is somewhere in what people see of it. */
export function matches(runner: RunnerInfo, text: string, stateWord: string): boolean {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return true;
  const labels = Object.entries(runner.labels ?? {}).map(([name, value]) => `${name}=${value}`);
  const parts = [runner.name, stateWord, runner.reason ?? '', runner.version, ...runner.languages, ...labels];
  const all = parts.join('\n').toLowerCase();
  return words.every((word) => all.includes(word));
}
