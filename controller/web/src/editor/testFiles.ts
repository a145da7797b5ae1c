/** Tests out of files in pairs: `1.in` with `1.out` or `1.ans`. Pure. */

import { toText } from '../shared/content';
import type { SourceFile } from '../shared/types';
import { MAX_TESTS, newTest, type TestCase } from './tests';

export interface Loaded {
  tests: TestCase[];
  /** Inputs and answers without a partner. */
  lonely: string[];
  /** Tests whose input or answer is no text. */
  noText: string[];
}

const INPUT = /\.in$/i;
const ANSWER = /\.(?:out|ans)$/i;

/** By their names, numbers in the order of numbers. Where no answer is needed, an input is a test by itself. */
export function testsOf(files: readonly SourceFile[], needsAnswer: boolean): Loaded {
  const inputs = stems(files, INPUT);
  const answers = stems(files, ANSWER);
  const loaded: Loaded = { tests: [], lonely: [], noText: [] };
  const order = new Intl.Collator('en', { numeric: true });
  for (const stem of [...inputs.keys()].sort(order.compare)) {
    const [input, answer] = [inputs.get(stem) as SourceFile, answers.get(stem)];
    if (!answer && needsAnswer) loaded.lonely.push(input.path);
    else if (input.base64 !== undefined || answer?.base64 !== undefined) loaded.noText.push(stem);
    else loaded.tests.push(newTest({ name: stem, stdin: textOf(input), expected: textOf(answer) }));
  }
  for (const [stem, answer] of answers) if (!inputs.has(stem)) loaded.lonely.push(answer.path);
  return loaded;
}

function stems(files: readonly SourceFile[], end: RegExp): Map<string, SourceFile> {
  return new Map(files.filter(({ path }) => end.test(path)).map((file) => [file.path.replace(end, ''), file]));
}

const textOf = (file: SourceFile | undefined): string => (file === undefined ? '' : toText(file.content ?? ''));

/** The tests with these among them: one of the same name takes its place, and keeps its points and group. */
export function merged(tests: readonly TestCase[], loaded: readonly TestCase[]): { tests: TestCase[]; isCut: boolean } {
  const fresh = new Map(loaded.map((test) => [test.name, test]));
  const kept = tests.map((test) => {
    const found = fresh.get(test.name);
    fresh.delete(test.name);
    return found ? { ...test, stdin: found.stdin, expected: found.expected } : test;
  });
  const all = [...kept, ...fresh.values()];
  return { tests: all.slice(0, MAX_TESTS), isCut: all.length > MAX_TESTS };
}
