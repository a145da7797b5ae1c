/** Tests as somebody writes them, how they are judged, and the runs that they are. */

import { type CheckerKind, kindOf } from '../shared/comparing';
import { toText } from '../shared/content';
import type { Checker, Content, JobSpec, Judge, RunSpec } from '../shared/types';
import { parseArgs, quoteArgs } from './args';

/** A comparison; the tolerances are as typed. Empty: the usual ones. */
export interface Rule {
  kind: CheckerKind;
  absolute: string;
  relative: string;
}

export interface TestCase {
  id: string;
  name: string;
  stdin: string;
  args: string;
  expected: string;
  /** Where it is judged in another way than the others. */
  rule: Rule | undefined;
  /** As typed; empty: it counts once. */
  weight: string;
  group: string;
}

/** What holds for all tests. */
export interface Judging {
  rule: Rule;
  /** The interactor judges, and no comparison. */
  hasInteractor: boolean;
  checker: Judge | undefined;
  interactor: Judge | undefined;
  /** How many at once, as typed. */
  parallel: string;
  stopsOnFailure: boolean;
}

export const USUAL_RULE: Rule = { kind: 'trimmed', absolute: '', relative: '' };
export const USUAL_JUDGING: Judging = { rule: USUAL_RULE, hasInteractor: false, checker: undefined, interactor: undefined, parallel: '', stopsOnFailure: false };

/** The most tests of one job, and the most of them at once; as the controller has it. */
export const MAX_TESTS = 1000;
export const MAX_PARALLEL = 64;
const MAX_WEIGHT = 1e6;

export const newId = (): string => Math.random().toString(36).slice(2, 12);

export const newTest = (test: Partial<TestCase> & { name: string }): TestCase => ({
  id: newId(),
  stdin: '',
  args: '',
  expected: '',
  rule: undefined,
  weight: '',
  group: '',
  ...test,
});

/** A number from 0 on, also with a comma; `undefined` where it is none. */
export function amount(text: string): number | undefined {
  const value = Number(text.trim().replace(',', '.'));
  return text.trim() !== '' && Number.isFinite(value) && value >= 0 ? value : undefined;
}

export const isTolerance = (text: string): boolean => text.trim() === '' || amount(text) !== undefined;
export const isWeight = (text: string): boolean => text.trim() === '' || (amount(text) ?? Infinity) <= MAX_WEIGHT;
export const isParallel = (text: string): boolean => {
  const value = amount(text);
  return text.trim() === '' || (value !== undefined && Number.isInteger(value) && value >= 1 && value <= MAX_PARALLEL);
};

export function toChecker({ kind, absolute, relative }: Rule): Checker {
  if (kind !== 'float') return kind;
  const [one, other] = [amount(absolute), amount(relative)];
  return { float: { ...(one !== undefined && { absolute: one }), ...(other !== undefined && { relative: other }) } };
}

export function ofChecker(checker: Checker | undefined): Rule {
  const text = (value: number | undefined): string => (value === undefined ? '' : String(value));
  const { absolute, relative } = typeof checker === 'object' ? checker.float : {};
  return { kind: kindOf(checker), absolute: text(absolute), relative: text(relative) };
}

type Line = 'args' | 'artifacts';

/** Why a work cannot be submitted: which line is not closed, of which test (`undefined`: of the program), and by what. */
export class UnclosedQuote extends Error {
  constructor(
    readonly quote: string,
    readonly line: Line,
    readonly test: string | undefined,
  ) {
    super(`unclosed ${quote}`);
  }
}

/** @throws UnclosedQuote */
export function words(text: string, line: Line, test?: string): string[] {
  const parsed = parseArgs(text);
  if ('unclosed' in parsed) throw new UnclosedQuote(parsed.unclosed, line, test);
  return parsed.args;
}

/** What the tests are of a job. @throws UnclosedQuote */
export function ofTests(tests: readonly TestCase[], judging: Judging): Partial<JobSpec> {
  const runs = tests.map((test) => runOf(test, judging));
  const spec: Partial<JobSpec> = { runs };
  const parallel = amount(judging.parallel);
  if (parallel !== undefined && parallel > 1) spec.parallel = parallel;
  if (judging.stopsOnFailure) spec.stop_on_failure = true;
  if (judging.hasInteractor && judging.interactor) spec.interactor = judging.interactor;
  if (judging.checker && runs.some((run) => run.expect?.checker === 'custom')) spec.checker = judging.checker;
  return spec;
}

function runOf(test: TestCase, { rule, hasInteractor }: Judging): RunSpec {
  const run: RunSpec = { args: words(test.args, 'args', test.name), stdin: test.stdin };
  if (test.name) run.name = test.name;
  if (!hasInteractor) run.expect = { stdout: test.expected, checker: toChecker(test.rule ?? rule) };
  else if (test.expected) run.expect = { stdout: test.expected };
  const weight = amount(test.weight);
  if (weight !== undefined && weight !== 1) run.weight = weight;
  if (test.group.trim()) run.group = test.group.trim();
  return run;
}

/** The tests that a job's runs were. What most of them would be judged by, its first run's checker, holds for all. */
export function toTests(spec: JobSpec): { tests: TestCase[]; judging: Judging } {
  const runs = spec.runs ?? [];
  const usual = ofChecker(runs[0]?.expect?.checker);
  const judging: Judging = {
    rule: usual,
    hasInteractor: spec.interactor !== undefined,
    checker: spec.checker,
    interactor: spec.interactor,
    parallel: spec.parallel === undefined ? '' : String(spec.parallel),
    stopsOnFailure: spec.stop_on_failure ?? false,
  };
  const tests = runs.map((run, index) => {
    const own = ofChecker(run.expect?.checker);
    return newTest({
      name: run.name ?? `${index + 1}`,
      stdin: toText(run.stdin),
      args: quoteArgs(run.args ?? []),
      expected: toText(run.expect?.stdout as Content | undefined),
      rule: JSON.stringify(own) === JSON.stringify(usual) ? undefined : own,
      weight: run.weight === undefined ? '' : String(run.weight),
      group: run.group ?? '',
    });
  });
  return { tests, judging };
}

/** A test as this or an earlier version of the page has kept it. */
export function ofKeptTest(kept: Partial<TestCase> & { checker?: Checker }): TestCase {
  const { checker, ...test } = kept;
  const rule = checker === 'exact' ? ofChecker(checker) : undefined;
  return newTest({ name: '', ...(rule && { rule }), ...test });
}
