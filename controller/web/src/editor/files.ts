/** Names of files. */

import type { LanguageInfo } from '../shared/types';

export const extension = (path: string): string => /\.([^./]+)$/.exec(path)?.[1] ?? '';

/** The language that most of the files are called by; where several share that end, the one that is chosen already, or the first. */
export function languageOf(paths: readonly string[], languages: readonly LanguageInfo[], chosen?: string): LanguageInfo | undefined {
  const counts = new Map<string, number>();
  for (const end of paths.map(extension)) counts.set(end, (counts.get(end) ?? 0) + 1);
  const has = (language: LanguageInfo): number => Math.max(0, ...language.extensions.map((end) => counts.get(end) ?? 0));
  const most = Math.max(0, ...languages.map(has));
  const likely = most === 0 ? [] : languages.filter((language) => has(language) === most);
  return likely.find(({ id }) => id === chosen) ?? likely[0];
}

/** A name like this one that none of the others has: `main-2.py`. */
export function unused(path: string, others: readonly string[]): string {
  if (!others.includes(path)) return path;
  const end = extension(path);
  const stem = end ? path.slice(0, -end.length - 1) : path;
  for (let number = 2; ; number += 1) {
    const name = `${stem}-${number}${end ? `.${end}` : ''}`;
    if (!others.includes(name)) return name;
  }
}

export type NameFault = 'empty' | 'taken' | 'long' | 'wrong';

/** Why a file cannot be called so, by the rules of the controller. */
export function faultOf(path: string, others: readonly string[]): NameFault | undefined {
  if (path === '') return 'empty';
  if (new TextEncoder().encode(path).length > 255) return 'long';
  if (path.startsWith('/') || path.includes('\0') || path.split('/').some((name) => ['', '.', '..'].includes(name))) return 'wrong';
  return others.includes(path) ? 'taken' : undefined;
}
