/** Refusals and limits, in words. */

import { Problem } from '../shared/api';
import { bytes, count, duration } from '../shared/format';
import { tell } from '../shared/toast.svelte';
import { FIELDS, type FieldName, JOB_FIELDS } from './quota';
import { t as admin } from './adminText';
import { t } from './text';
import type { Quota } from './types';

/** Why something did not go well. */
export function why(error: unknown): string {
  if (error instanceof Problem && error.status === 401) return t().loggedOut;
  if (error instanceof Problem && error.status === 403) return t().forbidden(error.message);
  return error instanceof Error ? error.message : String(error);
}

/** Does something; what goes wrong is told, as a refusal where it is one. Returns whether it went well. */
export async function attempt(what: () => Promise<unknown>, done: string): Promise<boolean> {
  try {
    await what();
  } catch (error) {
    tell(why(error), 'wrong');
    return false;
  }
  tell(done);
  return true;
}

export interface Said {
  name: FieldName;
  title: string;
  value: string;
}

/** The limits of a quota that are set. */
export function limitsOf(quota: Quota): Said[] {
  const own = FIELDS.map(({ name }) => ({ name, value: quota[name] }));
  const jobs = JOB_FIELDS.map(({ name }) => ({ name, value: quota.maximum[name] }));
  return [...own, ...jobs].flatMap(({ name, value }) =>
    value === undefined ? [] : [{ name, title: admin()[name], value: amount(name, value) }],
  );
}

function amount(name: FieldName, value: number): string {
  if (name.includes('seconds')) return duration(value * 1000);
  return name.endsWith('bytes') ? bytes(value) : count(value);
}
