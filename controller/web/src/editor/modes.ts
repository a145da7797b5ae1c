/** How CodeMirror colours and indents each language; each is fetched only when it is wanted. */

import type { StreamParser } from '@codemirror/language';
import { LanguageSupport, StreamLanguage } from '@codemirror/language';
import { extension } from './files';

type Load = () => Promise<LanguageSupport>;

async function legacy<State>(parser: Promise<StreamParser<State>>): Promise<LanguageSupport> {
  return new LanguageSupport(StreamLanguage.define(await parser));
}

const clike = (name: 'csharp' | 'kotlin' | 'scala' | 'dart'): Load => () =>
  legacy(import('@codemirror/legacy-modes/mode/clike').then((module) => module[name]));

/** NASM's comments begin with a semicolon, GNU's with a number sign, which NASM has no use for. */
function withSemicolons<State>(parser: StreamParser<State>): StreamParser<State> {
  return {
    ...parser,
    token(stream, state) {
      if (stream.peek() !== ';') return parser.token(stream, state);
      stream.skipToEnd();
      return 'comment';
    },
  };
}

const MODES: Record<string, Load> = {
  python: async () => (await import('@codemirror/lang-python')).python(),
  cpp: async () => (await import('@codemirror/lang-cpp')).cpp(),
  java: async () => (await import('@codemirror/lang-java')).java(),
  javascript: async () => (await import('@codemirror/lang-javascript')).javascript(),
  typescript: async () => (await import('@codemirror/lang-javascript')).javascript({ typescript: true }),
  csharp: clike('csharp'),
  kotlin: clike('kotlin'),
  scala: clike('scala'),
  dart: clike('dart'),
  go: () => legacy(import('@codemirror/legacy-modes/mode/go').then((module) => module.go)),
  rust: () => legacy(import('@codemirror/legacy-modes/mode/rust').then((module) => module.rust)),
  ruby: () => legacy(import('@codemirror/legacy-modes/mode/ruby').then((module) => module.ruby)),
  php: async () => (await import('@codemirror/lang-php')).php(),
  perl: () => legacy(import('@codemirror/legacy-modes/mode/perl').then((module) => module.perl)),
  lua: () => legacy(import('@codemirror/legacy-modes/mode/lua').then((module) => module.lua)),
  bash: () => legacy(import('@codemirror/legacy-modes/mode/shell').then((module) => module.shell)),
  haskell: () => legacy(import('@codemirror/legacy-modes/mode/haskell').then((module) => module.haskell)),
  ocaml: () => legacy(import('@codemirror/legacy-modes/mode/mllike').then((module) => module.oCaml)),
  pascal: () => legacy(import('@codemirror/legacy-modes/mode/pascal').then((module) => module.pascal)),
  fortran: () => legacy(import('@codemirror/legacy-modes/mode/fortran').then((module) => module.fortran)),
  swift: () => legacy(import('@codemirror/legacy-modes/mode/swift').then((module) => module.swift)),
  r: () => legacy(import('@codemirror/legacy-modes/mode/r').then((module) => module.r)),
  julia: () => legacy(import('@codemirror/legacy-modes/mode/julia').then((module) => module.julia)),
  sqlite: () => legacy(import('@codemirror/legacy-modes/mode/sql').then((module) => module.sqlite)),
  assembly: () => legacy(import('@codemirror/legacy-modes/mode/gas').then((module) => withSemicolons(module.gas))),
};

const EXTENSIONS: Record<string, string> = {
  py: 'python', pyi: 'python',
  c: 'cpp', h: 'cpp', cc: 'cpp', cpp: 'cpp', cxx: 'cpp', hpp: 'cpp', hh: 'cpp', C: 'cpp',
  java: 'java', js: 'javascript', mjs: 'javascript', cjs: 'javascript', json: 'javascript', ts: 'typescript',
  cs: 'csharp', kt: 'kotlin', kts: 'kotlin', scala: 'scala', sc: 'scala', dart: 'dart', go: 'go', rs: 'rust', rb: 'ruby', php: 'php', pm: 'perl',
  lua: 'lua', sh: 'bash', bash: 'bash', hs: 'haskell', ml: 'ocaml', mli: 'ocaml', pas: 'pascal', pp: 'pascal', lpr: 'pascal',
  f: 'fortran', f90: 'fortran', f95: 'fortran', f03: 'fortran', f08: 'fortran', for: 'fortran', swift: 'swift', r: 'r', R: 'r', jl: 'julia',
  sql: 'sqlite', s: 'assembly', S: 'assembly', asm: 'assembly', nasm: 'assembly',
};

/** Extensions that more than one language has: the program's own language says which it is. */
const SHARED: Record<string, string[]> = { pl: ['perl'] };

/** The name of the mode for a file of a program in this language; `undefined`: plain text. */
export function modeOf(path: string, language: string): string | undefined {
  const end = extension(path);
  if (SHARED[end]) return SHARED[end].find((name) => name === language);
  return EXTENSIONS[end];
}

export const load = (mode: string): Promise<LanguageSupport> | undefined => MODES[mode]?.();

const TWO = new Set(['javascript', 'typescript', 'ruby', 'lua', 'haskell', 'ocaml', 'bash', 'r', 'pascal', 'fortran', 'scala', 'dart']);
const TABS = new Set(['go']);
const EIGHT = new Set(['assembly']);

/** One step of indentation, as people who write the language have it. */
export function indentOf(mode: string | undefined): string {
  if (TABS.has(mode ?? '')) return '\t';
  if (EIGHT.has(mode ?? '')) return ' '.repeat(8);
  return ' '.repeat(TWO.has(mode ?? '') ? 2 : 4);
}
