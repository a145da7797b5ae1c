/** Limits as a form has them, and as the controller has them. Pure. */

import type { LimitsRequest } from '../shared/types';
import type { Quota } from './types';

const MIB = 1024 * 1024;

/** Of all jobs together. The unit is how a field is typed: in whole numbers, seconds or mebibytes. */
export const FIELDS = [
  { name: 'max_running', unit: 'count', min: 1 },
  { name: 'max_queued', unit: 'count', min: 0 },
  { name: 'cpu_seconds_per_day', unit: 'seconds', min: 0 },
] as const;

/** The most that one job may ask for. */
export const JOB_FIELDS = [
  { name: 'cpu_seconds', unit: 'seconds', min: 0 },
  { name: 'wall_seconds', unit: 'seconds', min: 0 },
  { name: 'memory_bytes', unit: 'mebibytes', min: 0 },
  { name: 'processes', unit: 'count', min: 1 },
  { name: 'output_bytes', unit: 'mebibytes', min: 0 },
  { name: 'disk_bytes', unit: 'mebibytes', min: 0 },
] as const;

export type FieldName = (typeof FIELDS)[number]['name'] | (typeof JOB_FIELDS)[number]['name'];

/** What stands in the form; nothing where there is no limit. */
export type Form = Partial<Record<FieldName, number | null | undefined>>;

export function toForm(quota: Quota): Form {
  const form: Form = {};
  for (const { name } of FIELDS) form[name] = quota[name];
  for (const { name, unit } of JOB_FIELDS) {
    const value = quota.maximum[name];
    form[name] = value === undefined || unit !== 'mebibytes' ? value : value / MIB;
  }
  return form;
}

export function toQuota(form: Form): Quota {
  const maximum: LimitsRequest = {};
  for (const { name, unit } of JOB_FIELDS) {
    const value = form[name];
    if (isGiven(value)) maximum[name] = unit === 'mebibytes' ? Math.round(value * MIB) : value;
  }
  const quota: Quota = { maximum };
  for (const { name } of FIELDS) {
    const value = form[name];
    if (isGiven(value)) quota[name] = value;
  }
  return quota;
}

const isGiven = (value: number | null | undefined): value is number => typeof value === 'number' && Number.isFinite(value);

/** How many limits are set. */
export function amount(quota: Quota): number {
  return Object.values(toForm(quota)).filter((value) => value !== undefined).length;
}
