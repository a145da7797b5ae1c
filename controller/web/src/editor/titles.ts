/** What a language is called in the list. */

import type { LanguageInfo } from '../shared/types';

/** `Python 3.11.2`, or with who speaks it where that has another name: `C (gcc 12.2.0)`. */
export function titleOf({ name, versions }: Pick<LanguageInfo, 'name' | 'versions'>): string {
  const version = versions[0] ?? '';
  const number = /(?<![\d.])\d+(?:\.\d+)+|\b\d+\b/.exec(version.replace(/\([^)]*\)/g, ''))?.[0];
  if (!number) return name;
  const who = /^[A-Za-z][A-Za-z+#]*/.exec(version)?.[0];
  return !who || who.toLowerCase() === name.toLowerCase() ? `${name} ${number}` : `${name} (${who} ${number})`;
}
