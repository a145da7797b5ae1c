/** Figures of the cluster as people read them. */

import { bytes, count, moment, percent } from '../shared/format';
import { language } from '../shared/i18n.svelte';
import type { RunnerInfo } from '../shared/types';
import type { Departure } from './state';
import { t } from './text';
import type { Figure } from './track';

/** How long something is up, in its two largest units and no finer than minutes after the first. */
export function uptime(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} ${language() === 'fr' ? 'j' : 'd'} ${hours % 24} h`;
}

/** With one digit, where it is not whole: `1.5`. */
export function decimal(value: number): string {
  const digit = Math.round(value * 10) % 10;
  const text = count(Math.trunc(Math.round(value * 10) / 10));
  return digit === 0 ? text : `${text}${language() === 'fr' ? ',' : '.'}${Math.abs(digit)}`;
}

export const share = (value: number): string => percent(Math.round(value));

/** A figure of a graph. */
export function figure(of: Figure, value: number): string {
  return of === 'cpu' || of === 'memory' ? share(value) : decimal(value);
}

export const stateWord = (state: RunnerInfo['state']): string => t()[`state_${state}`];

export const hostWords = (runner: RunnerInfo): string => t().host(runner.cpus, bytes(runner.memory_bytes));

export function departureWords({ name, at, why, jobs }: Departure): string {
  return t()[`left_${why}`](name, moment(at), jobs);
}
