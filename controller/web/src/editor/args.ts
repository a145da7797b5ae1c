/** A program's arguments, written as in a shell: blanks part them, quotes and backslashes hold them together. */

export type Parsed = { args: string[] } | { unclosed: '"' | "'" | '\\' };

/** Parts a line into arguments. Nothing is expanded: `$HOME` and `*` stand for themselves. */
export function parseArgs(line: string): Parsed {
  const args: string[] = [];
  let current: string | undefined;
  let quote: '"' | "'" | undefined;
  const letters = [...line];
  for (let at = 0; at < letters.length; at += 1) {
    const letter = letters[at] as string;
    if (quote) {
      if (letter === quote) quote = undefined;
      else if (letter === '\\' && quote === '"' && isEscapable(letters[at + 1])) current += letters[++at] as string;
      else current += letter;
    } else if (/\s/.test(letter)) {
      if (current !== undefined) args.push(current);
      current = undefined;
    } else if (letter === '"' || letter === "'") {
      quote = letter;
      current ??= '';
    } else if (letter === '\\') {
      const next = letters[++at];
      if (next === undefined) return { unclosed: '\\' };
      current = (current ?? '') + next;
    } else {
      current = (current ?? '') + letter;
    }
  }
  if (quote) return { unclosed: quote };
  if (current !== undefined) args.push(current);
  return { args };
}

const isEscapable = (letter: string | undefined): boolean => letter === '"' || letter === '\\';

/** The line that `parseArgs` parts into these arguments. */
export function quoteArgs(args: readonly string[]): string {
  return args.map((arg) => (/^[^\s"'\\]+$/.test(arg) ? arg : `'${arg.replaceAll("'", `'\\''`)}'`)).join(' ');
}
