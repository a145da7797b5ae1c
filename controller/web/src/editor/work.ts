/** What somebody works on: the program, what it is given, and its tests; and how that is kept and submitted. */

import { toText } from '../shared/content';
import type { Checker, Content, JobSpec, RunSpec, SourceFile } from '../shared/types';
import { parseArgs, quoteArgs } from './args';
import { type LimitTexts, NO_LIMITS, request, toTexts } from './limits';

export interface WorkFile {
  id: string;
  path: string;
  content: string | { base64: string };
}

export interface TestCase {
  id: string;
  name: string;
  stdin: string;
  args: string;
  expected: string;
  checker: Checker;
}

export interface Work {
  language: string;
  files: WorkFile[];
  /** The id of the file that is shown. */
  shown: string;
  /** The id of the file to start from; empty: the language finds it. */
  main: string;
  stdin: string;
  args: string;
  limits: LimitTexts;
  isInteractive: boolean;
  tests: TestCase[];
  /** The example that the files are, as long as nobody has changed them. */
  example: string | undefined;
}

export const newId = (): string => Math.random().toString(36).slice(2, 12);

/** A program of these files, with nothing else set. */
export function workOf(language: string, files: SourceFile[], example?: string): Work {
  const own = files.map(ofSource);
  return {
    language,
    files: own,
    shown: own[0]?.id ?? '',
    main: '',
    stdin: '',
    args: '',
    limits: { ...NO_LIMITS },
    isInteractive: false,
    tests: [],
    example,
  };
}

export function ofSource({ path, content, base64 }: SourceFile): WorkFile {
  return { id: newId(), path, content: base64 === undefined ? (content ?? '') : { base64 } };
}

export const isText = (file: WorkFile): file is WorkFile & { content: string } => typeof file.content === 'string';

export function sizeOf({ content }: WorkFile): number {
  if (typeof content !== 'string') return Math.floor((content.base64.replace(/=+$/, '').length * 3) / 4);
  return new TextEncoder().encode(content).length;
}

/** Nothing in it that somebody would miss. */
export function isPristine(work: Work): boolean {
  const isEmpty = work.files.every((file) => file.content === '');
  return (work.example !== undefined || isEmpty) && !work.stdin && !work.args && work.tests.length === 0;
}

const toSource = ({ path, content }: WorkFile): SourceFile =>
  typeof content === 'string' ? { path, content } : { path, base64: content.base64 };

/** Why a work cannot be submitted: whose arguments are not closed (`undefined`: those of the program), by what. */
export class UnclosedQuote extends Error {
  constructor(
    readonly quote: string,
    readonly test: string | undefined,
  ) {
    super(`unclosed ${quote}`);
  }
}

function argsOf(line: string, test?: string): string[] {
  const parsed = parseArgs(line);
  if ('unclosed' in parsed) throw new UnclosedQuote(parsed.unclosed, test);
  return parsed.args;
}

function program(work: Work): JobSpec {
  const spec: JobSpec = { language: work.language, files: work.files.map(toSource), limits: request(work.limits) };
  const main = work.files.find((file) => file.id === work.main);
  if (main && work.files.length > 1) spec.main = main.path;
  return spec;
}

/** One run with the input and arguments. @throws UnclosedQuote */
export function runSpec(work: Work): JobSpec {
  const spec = program(work);
  const args = argsOf(work.args);
  if (args.length > 0) spec.args = args;
  if (work.stdin && !work.isInteractive) spec.stdin = work.stdin;
  return spec;
}

/** A run for each test. @throws UnclosedQuote */
export function testsSpec(work: Work): JobSpec {
  return { ...program(work), runs: work.tests.map(runOf) };
}

function runOf(test: TestCase): RunSpec {
  const run: RunSpec = { args: argsOf(test.args, test.name), stdin: test.stdin };
  if (test.name) run.name = test.name;
  run.expect = { stdout: test.expected, checker: test.checker };
  return run;
}

/** The work that a job was submitted from. */
export function ofSpec(spec: JobSpec): Work {
  const work = workOf(spec.language, spec.files);
  work.main = work.files.find((file) => file.path === spec.main)?.id ?? '';
  work.shown = work.main || work.shown;
  work.stdin = toText(spec.stdin);
  work.args = quoteArgs(spec.args ?? []);
  work.limits = toTexts(spec.limits);
  work.tests = (spec.runs ?? []).map((run, index) => ({
    id: newId(),
    name: run.name ?? `${index + 1}`,
    stdin: toText(run.stdin),
    args: quoteArgs(run.args ?? []),
    expected: toText(run.expect?.stdout as Content | undefined),
    checker: run.expect?.checker ?? 'trimmed',
  }));
  return work;
}

const VERSION = 1;
/** Letters of JSON: browsers keep about five million for a whole site. */
const MAX_KEPT = 2_000_000;

/** The text to keep; `undefined` where it is too large for that. */
export function toKept(work: Work): string | undefined {
  // Whatever is large is not even written down: this happens at every pause in typing.
  const letters = work.files.reduce((sum, { content }) => sum + (typeof content === 'string' ? content : content.base64).length, 0);
  if (letters > MAX_KEPT) return undefined;
  const text = JSON.stringify({ version: VERSION, work });
  return text.length > MAX_KEPT ? undefined : text;
}

/** The work that was kept; `undefined` where there is none that this version understands. */
export function ofKept(text: string | null): Work | undefined {
  if (!text) return undefined;
  try {
    const { version, work } = JSON.parse(text) as { version: unknown; work: Partial<Work> };
    if (version !== VERSION || !Array.isArray(work.files) || work.files.length === 0) return undefined;
    const whole = { ...workOf(String(work.language), []), ...work };
    if (!whole.files.some((file) => file.id === whole.shown)) whole.shown = whole.files[0]?.id ?? '';
    return whole;
  } catch {
    return undefined;
  }
}
