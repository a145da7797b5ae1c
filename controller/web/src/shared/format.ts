/** Numbers, sizes and times as people read them, in the page's language. */

import { language } from './i18n.svelte';

/** Making one takes far longer than using it, and tables have hundreds of numbers. */
const formats = new Map<string, Intl.NumberFormat>();

function number(value: number, digits = 0): string {
  const key = `${language()} ${digits}`;
  const format = formats.get(key) ?? new Intl.NumberFormat(language(), { maximumFractionDigits: digits });
  formats.set(key, format);
  return format.format(value);
}

export const count = (value: number): string => number(value);
/** Points of a score, which may be parts. */
export const points = (value: number): string => number(value, 2);
export const percent = (value: number): string => `${number(value)} %`;

/** Milliseconds: `12 ms`, `1.5 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${number(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 60) return `${number(seconds, seconds < 10 ? 2 : 1)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ${minutes % 60} min`;
  const days = language() === 'fr' ? 'j' : 'd';
  return `${Math.floor(hours / 24)} ${days} ${hours % 24} h`;
}

/** Bytes: `512 B`, `18.5 MB` (of 1024). */
export function bytes(value: number): string {
  const unit = language() === 'fr' ? 'o' : 'B';
  const prefixes = ['', 'K', 'M', 'G', 'T'];
  let rest = value;
  let index = 0;
  while (rest >= 1024 && index < prefixes.length - 1) {
    rest /= 1024;
    index += 1;
  }
  return `${number(rest, index === 0 || rest >= 100 ? 0 : 1)} ${prefixes[index]}${unit}`;
}

/** Time of day, with the date where it is not today's. */
export function moment(at: string | number | Date): string {
  const date = new Date(at);
  const isToday = date.toDateString() === new Date().toDateString();
  const style: Intl.DateTimeFormatOptions = isToday
    ? { timeStyle: 'medium' }
    : { dateStyle: 'medium', timeStyle: 'short' };
  return new Intl.DateTimeFormat(language(), style).format(date);
}

/** How long ago: `3 minutes ago`. */
export function ago(at: string, now: number = Date.now()): string {
  const seconds = Math.round((new Date(at).getTime() - now) / 1000);
  const relative = new Intl.RelativeTimeFormat(language(), { numeric: 'auto' });
  const steps: [Intl.RelativeTimeFormatUnit, number][] = [['day', 86400], ['hour', 3600], ['minute', 60]];
  const step = steps.find(([, length]) => Math.abs(seconds) >= length);
  return step ? relative.format(Math.trunc(seconds / step[1]), step[0]) : relative.format(seconds, 'second');
}
