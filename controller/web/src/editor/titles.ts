/** What languages are called in the list, and which of them stand together. */

import type { LanguageInfo } from '../shared/types';

/** `Python 3.11.2`, or with who speaks it where that has another name: `C (gcc 12.2.0)`; `C (GCC 11)` says it already: `C (GCC 11.4.0)`. */
export function titleOf({ name, versions }: Pick<LanguageInfo, 'name' | 'versions'>): string {
  const version = versions[0] ?? '';
  const said = version.replace(/\([^)]*\)/g, '');
  const number = (/(?<![\d.])\d+(?:\.\d+)+/.exec(said) ?? /\b\d+\b/.exec(said))?.[0];
  if (!number) return name;
  const [, plain = name, speaker] = /^(.*\S) \(([A-Za-z]+)[ \d.]*\)$/.exec(name) ?? [];
  if (speaker) return `${plain} (${speaker} ${number})`;
  if (name.endsWith(')')) return `${name} ${number}`;
  const who = /^[A-Za-z][A-Za-z+#]*/.exec(version)?.[0];
  const own = family(name);
  return !who || who.toLowerCase() === own.toLowerCase() ? `${own} ${number}` : `${name} (${who} ${number})`;
}

export interface Group {
  name: string;
  languages: LanguageInfo[];
}

/** What a name is without its version and who speaks it: `C++` of `C++20`, `Java` of `Java 21`, `C` of `C (GCC 11)`. */
const family = (name: string): string => name.replace(/ \(.*\)$/, '').replace(/[ -]?\d+(?:\.\d+)*$/, '') || name;

/** Languages by their names; versions of one stand together, at the place of the first of them. */
export function grouped(languages: readonly LanguageInfo[]): Group[] {
  const groups = new Map<string, LanguageInfo[]>();
  for (const language of languages) {
    const name = family(language.name);
    groups.set(name, [...(groups.get(name) ?? []), language]);
  }
  return [...groups].map(([name, members]) => ({ name, languages: members }));
}
