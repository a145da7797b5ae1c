/** Places in the program that compilers and tracebacks speak of. */

export interface Place {
  path: string;
  /** From 1. */
  line: number;
  /** From 1. */
  column: number | undefined;
}

export interface Diagnostic extends Place {
  severity: 'error' | 'warning' | 'info';
  message: string;
}

/** A place named in a line of output, and where in that line it is named. */
export interface Mention extends Place {
  from: number;
  to: number;
}

/** More than anybody reads. */
const MAX_DIAGNOSTICS = 500;
/** Longer lines are not looked at: no compiler writes them. */
const MAX_LINE = 2000;

const PYTHON = /File "([^"]+)", line (\d+)/;
const COLON = /([^\s:()"'[\]]+):(\d+)(?::(\d+))?/;
const COMPILER = /^([^\s:][^:]*):(\d+):(?:(\d+):)?\s*(?:fatal )?(error|warning|note|erreur|avertissement)\b:?\s*(.*)$/;
const EXCEPTION = /^(?:Exception in thread "[^"]*" |Caused by: )(.*)$/;
const CARET = /^(\s*)\^/;

/** The file of the program that an output calls so: alone, or behind the folder that it ran in. */
export function fileNamed(name: string, paths: readonly string[]): string | undefined {
  const plain = name.replace(/^\.\//, '');
  if (paths.includes(plain)) return plain;
  const behind = paths.filter((path) => plain.endsWith(`/${path}`));
  return behind.sort((a, b) => b.length - a.length)[0];
}

/** The first place of the program that a line of output names. */
export function mention(line: string, paths: readonly string[]): Mention | undefined {
  if (line.length > MAX_LINE) return undefined;
  for (const pattern of [PYTHON, COLON]) {
    const everywhere = new RegExp(pattern, 'g');
    for (const found of line.matchAll(everywhere)) {
      const path = fileNamed(found[1] ?? '', paths);
      if (path === undefined) continue;
      const column = found[3] === undefined ? undefined : Number(found[3]);
      return { path, line: Number(found[2]), column, from: found.index, to: found.index + found[0].length };
    }
  }
  return undefined;
}

/** Everything that an output says about places of the program. */
export function diagnostics(output: string, paths: readonly string[]): Diagnostic[] {
  const lines = output.split('\n').map((line) => line.replace(/\r$/, ''));
  const found = [...compilers(lines, paths), ...tracebacks(lines, paths), ...exceptions(lines, paths)];
  return (found.length > 0 ? found : plain(lines, paths)).slice(0, MAX_DIAGNOSTICS);
}

const SEVERITIES: Record<string, Diagnostic['severity']> = {
  error: 'error',
  erreur: 'error',
  warning: 'warning',
  avertissement: 'warning',
  note: 'info',
};

/** gcc, g++, clang (with a column) and javac (the column is where its `^` stands, below). */
function compilers(lines: string[], paths: readonly string[]): Diagnostic[] {
  return lines.flatMap((line, index) => {
    const match = line.length > MAX_LINE ? null : COMPILER.exec(line);
    const path = match && fileNamed(match[1] ?? '', paths);
    if (!match || path === undefined || path === null) return [];
    const column = match[3] === undefined ? caret(lines, index) : Number(match[3]);
    const severity = SEVERITIES[match[4] ?? ''] ?? 'error';
    return [{ path, line: Number(match[2]), column, severity, message: match[5] ?? '' }];
  });
}

function caret(lines: string[], index: number): number | undefined {
  const below = CARET.exec(lines[index + 2] ?? '');
  return below ? (below[1] ?? '').length + 1 : undefined;
}

/** Python: the innermost place in the program, and what the unindented line after it says. */
function tracebacks(lines: string[], paths: readonly string[]): Diagnostic[] {
  const found: Diagnostic[] = [];
  let place: Place | undefined;
  for (const [index, line] of lines.entries()) {
    const frame = line.length > MAX_LINE ? null : /^\s+File "([^"]+)", line (\d+)/.exec(line);
    const path = frame && fileNamed(frame[1] ?? '', paths);
    if (frame && path) place = { path, line: Number(frame[2]), column: undefined };
    if (place && /^[A-Za-z_][\w.]*(: |$)/.test(line) && /^\s/.test(lines[index - 1] ?? '')) {
      found.push({ ...place, severity: 'error', message: line });
      place = undefined;
    }
  }
  return found;
}

/** Java: the innermost frame of an exception that is in the program. */
function exceptions(lines: string[], paths: readonly string[]): Diagnostic[] {
  return lines.flatMap((line, index) => {
    const message = EXCEPTION.exec(line)?.[1];
    if (message === undefined) return [];
    for (let below = index + 1; /^\s+(at|\.\.\.) /.test(lines[below] ?? ''); below += 1) {
      const place = mention(lines[below] ?? '', paths);
      if (place) return [{ path: place.path, line: place.line, column: undefined, severity: 'error' as const, message }];
    }
    return [];
  });
}

/** Whoever else begins a line with `file:line`. */
function plain(lines: string[], paths: readonly string[]): Diagnostic[] {
  return lines.flatMap((line) => {
    const place = mention(line, paths);
    if (!place || place.from > 0) return [];
    const { path, line: number, column, to } = place;
    const message = line.slice(to).replace(/^:?\s*/, '');
    const severity = /^warning\b/i.test(message) ? ('warning' as const) : ('error' as const);
    return [{ path, line: number, column, severity, message }];
  });
}
