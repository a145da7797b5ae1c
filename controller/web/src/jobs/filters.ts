/** Which jobs the list shows, as it stands in the page's address: `#/jobs?state=running&search=ada`. */

import type { Query } from '../shared/api';
import type { JobState, Verdict } from '../shared/types';

export interface Filters {
  search: string;
  state: JobState | '';
  verdict: Verdict | '';
  language: string;
  runner: string;
  owner: string;
  /** As `name=value`. */
  label: string;
}

export const NO_FILTERS: Filters = { search: '', state: '', verdict: '', language: '', runner: '', owner: '', label: '' };

export const STATES: readonly JobState[] = ['queued', 'running', 'finished'];
export const VERDICTS: readonly Verdict[] = [
  'ok',
  'wrong_answer',
  'runtime_error',
  'compile_error',
  'cpu_time_exceeded',
  'wall_time_exceeded',
  'memory_exceeded',
  'output_exceeded',
  'cancelled',
  'internal_error',
];

const NAMES = Object.keys(NO_FILTERS) as (keyof Filters)[];

/** Reads what stands behind the `?`; what cannot be is left out. */
export function parse(hash: string): Filters {
  const given = new URLSearchParams(hash.split('?').slice(1).join('?'));
  const text = (name: keyof Filters): string => given.get(name) ?? '';
  return {
    search: text('search'),
    state: STATES.find((state) => state === text('state')) ?? '',
    verdict: VERDICTS.find((verdict) => verdict === text('verdict')) ?? '',
    language: text('language'),
    runner: text('runner'),
    owner: text('owner'),
    label: text('label'),
  };
}

/** The address of the list with these filters. */
export function toHash(filters: Filters): string {
  const given = NAMES.filter((name) => filters[name].trim() !== '').map((name): [string, string] => [name, filters[name].trim()]);
  const text = new URLSearchParams(given).toString();
  return text ? `#/jobs?${text}` : '#/jobs';
}

/** What to ask the controller. A label that is still being typed, without `=`, is no label yet. */
export function toQuery(filters: Filters): Query {
  const { label, ...others } = filters;
  const given = Object.entries(others).map(([name, value]) => [name, value.trim()]);
  return { ...Object.fromEntries(given), label: /^[^=]+=/.test(label.trim()) ? label.trim() : '' };
}

/** How many filters hold, beside the search. */
export function amount(filters: Filters): number {
  return NAMES.filter((name) => name !== 'search' && filters[name].trim() !== '').length;
}
