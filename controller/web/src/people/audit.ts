/** Which of the entries that are here to show. Pure. */

import type { AuditEntry } from './types';

/** Every word has to be somewhere in the entry, in what it says to people or in what it is called. */
export function matching(entries: readonly AuditEntry[], search: string, onlyRefused: boolean, words: (action: string) => string): AuditEntry[] {
  const wanted = search.toLowerCase().split(/\s+/).filter(Boolean);
  return entries.filter((entry) => {
    if (onlyRefused && entry.done) return false;
    const text = [entry.who, entry.from, entry.action, entry.subject, words(entry.action)].join(' ').toLowerCase();
    return wanted.every((word) => text.includes(word));
  });
}
