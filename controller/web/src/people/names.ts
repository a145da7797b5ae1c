/** From a list of people, as pasted from a class list, to the names of their accounts. Pure. */

export interface Person {
  /** As it was typed. */
  title: string;
  /** The account's name. */
  name: string;
}

const LONGEST = 64;

/** The account's name for a person's: `Zoë Müller-Lüdenscheidt` is `zoe.muller-ludenscheidt`. Empty where nothing is left. */
export function accountName(title: string): string {
  const plain = title.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
  const spelled = plain.replace(/ß/g, 'ss').replace(/[æœ]/g, (both) => (both === 'æ' ? 'ae' : 'oe')).replace(/ø/g, 'o').replace(/ł/g, 'l');
  const joined = spelled.replace(/@.*$/, '').replace(/['’]/g, '').replace(/[^a-z0-9._-]+/g, '.');
  return joined.replace(/^[._-]+/, '').slice(0, LONGEST).replace(/[._-]+$/, '');
}

/** One person a line, or in a single line with `,` or `;` between them; a name that is taken already gets a number. */
export function people(text: string, taken: Iterable<string>): Person[] {
  const used = new Set(taken);
  const lines = text.trim().split(/[\r\n]+/);
  const titles = lines.length > 1 ? lines : text.split(/[,;]/);
  return titles.flatMap((line) => {
    const title = line.replace(/\s+/g, ' ').trim();
    const base = accountName(title);
    if (base === '') return [];
    const name = free(base, used);
    used.add(name);
    return [{ title, name }];
  });
}

function free(base: string, used: ReadonlySet<string>): string {
  if (!used.has(base)) return base;
  for (let number = 2; ; number += 1) {
    const suffix = String(number);
    const name = base.slice(0, LONGEST - suffix.length) + suffix;
    if (!used.has(name)) return name;
  }
}

/** A table for a spreadsheet. What a spreadsheet would take for a formula is marked as text. */
export function csv(rows: string[][]): string {
  const cell = (text: string): string => {
    const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
    return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  return rows.map((row) => `${row.map(cell).join(',')}\r\n`).join('');
}
