/** What somebody works on: the program, what it is given, and its tests; and how that is kept and submitted. */

import { toText } from '../shared/content';
import type { Content, JobSpec, SourceFile, TerminalSize } from '../shared/types';
import { quoteArgs } from './args';
import { type LimitTexts, NO_LIMITS, request, toTexts } from './limits';
import { type Judging, newId, ofKeptTest, ofTests, type TestCase, toTests, USUAL_JUDGING, words } from './tests';

export interface WorkFile {
  id: string;
  path: string;
  content: string | { base64: string };
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
  /** Somebody types while it runs. */
  isInteractive: boolean;
  /** At a terminal of its own then, and not line by line. */
  isTerminal: boolean;
  /** Patterns of the files to keep, as in a shell. */
  artifacts: string;
  tests: TestCase[];
  judging: Judging;
  /** The example that the files are, as long as nobody has changed them. */
  example: string | undefined;
}

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
    isTerminal: false,
    artifacts: '',
    tests: [],
    judging: { ...USUAL_JUDGING, rule: { ...USUAL_JUDGING.rule } },
    example,
  };
}

export function ofSource({ path, content, base64 }: SourceFile): WorkFile {
  return { id: newId(), path, content: base64 === undefined ? (content ?? '') : { base64 } };
}

export const isText = (file: WorkFile): file is WorkFile & { content: string } => typeof file.content === 'string';

export function sizeOf({ content }: Pick<WorkFile, 'content'>): number {
  if (typeof content !== 'string') return Math.floor((content.base64.replace(/=+$/, '').length * 3) / 4);
  return new TextEncoder().encode(content).length;
}

/** Nothing in it that somebody would miss. */
export function isPristine(work: Work): boolean {
  const isEmpty = work.files.every((file) => file.content === '');
  const isUnjudged = work.tests.length === 0 && !work.judging.checker && !work.judging.interactor;
  return (work.example !== undefined || isEmpty) && !work.stdin && !work.args && isUnjudged;
}

const toSource = ({ path, content }: WorkFile): SourceFile =>
  typeof content === 'string' ? { path, content } : { path, base64: content.base64 };

function program(work: Work): JobSpec {
  const spec: JobSpec = { language: work.language, files: work.files.map(toSource), limits: request(work.limits) };
  const main = work.files.find((file) => file.id === work.main);
  if (main && work.files.length > 1) spec.main = main.path;
  const artifacts = words(work.artifacts, 'artifacts');
  if (artifacts.length > 0) spec.artifacts = artifacts;
  return spec;
}

/** One run with the input and arguments, at a terminal of this size where it has one. @throws UnclosedQuote */
export function runSpec(work: Work, size?: TerminalSize): JobSpec {
  const spec = program(work);
  const args = words(work.args, 'args');
  if (args.length > 0) spec.args = args;
  if (work.stdin && !work.isInteractive) spec.stdin = work.stdin;
  if (size && work.isInteractive && work.isTerminal) spec.terminal = size;
  return spec;
}

/** A run for each test. @throws UnclosedQuote */
export const testsSpec = (work: Work): JobSpec => ({ ...program(work), ...ofTests(work.tests, work.judging) });

/** The work that a job was submitted from. */
export function ofSpec(spec: JobSpec): Work {
  const work = workOf(spec.language, spec.files);
  work.main = work.files.find((file) => file.path === spec.main)?.id ?? '';
  work.shown = work.main || work.shown;
  work.stdin = toText(spec.stdin);
  work.args = quoteArgs(spec.args ?? []);
  work.limits = toTexts(spec.limits);
  work.artifacts = quoteArgs(spec.artifacts ?? []);
  work.isInteractive = work.isTerminal = spec.terminal !== undefined;
  return { ...work, ...toTests(spec) };
}

const bytesOf = (content: Content | undefined): number => (content === undefined ? 0 : sizeOf({ content }));

/** All that a job holds of files, inputs and expected outputs, in bytes. */
export function contentBytes(spec: JobSpec): number {
  const judges = [spec.checker, spec.interactor].flatMap((judge) => judge?.files ?? []);
  const files = [...spec.files, ...judges].map(({ content, base64 }) => bytesOf(base64 === undefined ? content : { base64 }));
  const runs = (spec.runs ?? []).map((run) => bytesOf(run.stdin) + bytesOf(run.expect?.stdout));
  return [...files, ...runs].reduce((sum, size) => sum + size, bytesOf(spec.stdin));
}

const VERSION = 1;
/** Letters of JSON: browsers keep about five million for a whole site. */
const MAX_KEPT = 2_000_000;

/** The text to keep; `undefined` where it is too large for that. */
export function toKept(work: Work): string | undefined {
  // Whatever is large is not even written down: this happens at every pause in typing.
  const files = work.files.map(({ content }) => (typeof content === 'string' ? content : content.base64).length);
  const tests = work.tests.map(({ stdin, expected }) => stdin.length + expected.length);
  if ([...files, ...tests].reduce((sum, letters) => sum + letters, 0) > MAX_KEPT) return undefined;
  const text = JSON.stringify({ version: VERSION, work });
  return text.length > MAX_KEPT ? undefined : text;
}

/** The work that was kept; `undefined` where there is none that this version understands. */
export function ofKept(text: string | null): Work | undefined {
  if (!text) return undefined;
  try {
    const { version, work } = JSON.parse(text) as { version: unknown; work: Partial<Work> };
    if (version !== VERSION || !Array.isArray(work.files) || work.files.length === 0) return undefined;
    const fresh = workOf(String(work.language), []);
    const whole = { ...fresh, ...work, judging: { ...fresh.judging, ...work.judging }, tests: (work.tests ?? []).map(ofKeptTest) };
    if (!whole.files.some((file) => file.id === whole.shown)) whole.shown = whole.files[0]?.id ?? '';
    return whole;
  } catch {
    return undefined;
  }
}
