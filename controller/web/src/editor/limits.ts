/** The limits that somebody types, and those that hold. */

import type { Limits, LimitsRequest } from '../shared/types';

/** As typed: seconds, seconds, and megabytes (of 1024 × 1024 bytes). Empty: as the language has it. */
export interface LimitTexts {
  cpu: string;
  wall: string;
  memory: string;
}

export type LimitField = keyof LimitTexts;

export const LIMIT_FIELDS: readonly LimitField[] = ['cpu', 'wall', 'memory'];
export const NO_LIMITS: LimitTexts = { cpu: '', wall: '', memory: '' };

const MEGABYTE = 1024 * 1024;
const NAMES = { cpu: 'cpu_seconds', wall: 'wall_seconds', memory: 'memory_bytes' } as const;

/** The name that the controller has for it. */
export const limitName = (field: LimitField): (typeof NAMES)[LimitField] => NAMES[field];

/** What a limit is, in the unit that it is typed in. */
export function shown(limits: Limits, field: LimitField): number {
  const value = limits[NAMES[field]];
  return field === 'memory' ? Math.round(value / MEGABYTE) : value;
}

/** The number that was typed, also with a comma; `undefined` where it is none that could be a limit. */
export function typed(text: string): number | undefined {
  const value = Number(text.trim().replace(',', '.'));
  return Number.isFinite(value) && value > 0 ? value : undefined;
}

/** Whether it is empty or a number from above 0 to the most. */
export function isFine(text: string, most?: number): boolean {
  if (text.trim() === '') return true;
  const value = typed(text);
  return value !== undefined && (most === undefined || value <= most);
}

/** What to ask for. */
export function request(texts: LimitTexts): LimitsRequest {
  const asked: LimitsRequest = {};
  for (const field of LIMIT_FIELDS) {
    const value = typed(texts[field]);
    if (value !== undefined) asked[NAMES[field]] = field === 'memory' ? Math.round(value * MEGABYTE) : value;
  }
  return asked;
}

/** The texts that ask for these. */
export function toTexts(asked: LimitsRequest = {}): LimitTexts {
  const text = (value: number | undefined): string => (value === undefined ? '' : String(value));
  return {
    cpu: text(asked.cpu_seconds),
    wall: text(asked.wall_seconds),
    memory: text(asked.memory_bytes === undefined ? undefined : Math.round((asked.memory_bytes / MEGABYTE) * 100) / 100),
  };
}

/** The limits that hold. As at the runner, the default time on the clock grows with the processor time asked for. */
export function resolve(asked: LimitsRequest, usual: Limits, most: Limits): Limits {
  const cpu = asked.cpu_seconds ?? usual.cpu_seconds;
  const spare = Math.max(0, usual.wall_seconds - usual.cpu_seconds);
  const wall = Math.min(most.wall_seconds, Math.max(usual.wall_seconds, cpu + spare));
  return { ...usual, wall_seconds: wall, ...asked, cpu_seconds: cpu };
}
