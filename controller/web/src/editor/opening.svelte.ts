/** From what is chosen or dropped to the program's files or its tests, with what is to be said about it. */

import { Problem } from '../shared/api';
import { bytes } from '../shared/format';
import { settings } from '../shared/session.svelte';
import { t as shared } from '../shared/text';
import { tell } from '../shared/toast.svelte';
import type { SourceFile } from '../shared/types';
import { check, type Choice, isArchive, read, TooMuch } from './folders';
import { t } from './foldersText';
import { t as judging } from './judgingText';
import { languages } from './languages.svelte';
import { merged, testsOf } from './testFiles';
import { MAX_TESTS, type TestCase } from './tests';
import { t as editor } from './text';
import { workspace } from './workspace.svelte';

/** Names that are told; the others are only counted. */
const TOLD = 5;

const state = $state({ reading: 0 });

/** Files are being read, or an archive is on its way. */
export const isReading = (): boolean => state.reading > 0;

/** Opens files as the program's. */
export async function openFiles(from: Promise<Choice> | Choice): Promise<void> {
  workspace.open((await gather(from)) ?? [], languages());
}

/** Adds tests from pairs of files. */
export async function openTests(from: Promise<Choice> | Choice): Promise<void> {
  const files = await gather(from);
  if (!files) return;
  const { rule, hasInteractor } = workspace.work.judging;
  const { tests, lonely, noText } = testsOf(files, !hasInteractor && rule.kind !== 'custom');
  if (lonely.length > 0) tell(judging().lonely(lonely.length, some(lonely)), 'wrong');
  if (noText.length > 0) tell(judging().noText(some(noText)), 'wrong');
  if (tests.length > 0) addTests(tests);
  else if (lonely.length + noText.length === 0) tell(judging().noTests, 'wrong');
}

function addTests(tests: TestCase[]): void {
  const before = $state.snapshot(workspace.work.tests) as TestCase[];
  const { tests: all, isCut } = merged(before, tests);
  workspace.work.tests = all;
  if (isCut) tell(judging().tooManyTests(MAX_TESTS), 'wrong');
  tell(judging().loaded(tests.length), 'done', { title: editor().undo, run: () => (workspace.work.tests = before) });
}

/** The files; `undefined` where they cannot be had, and that was told. */
async function gather(from: Promise<Choice> | Choice): Promise<SourceFile[] | undefined> {
  state.reading += 1;
  let hasArchive = false;
  try {
    const { files, left } = await from;
    hasArchive = files.some(({ file }) => isArchive(file.name));
    check(files, settings()?.max_body);
    const found = await read(files);
    if (left.length > 0) tell(t().leftOut(some(left)));
    return found;
  } catch (error) {
    tell(why(error as Error, hasArchive), 'wrong');
    return undefined;
  } finally {
    state.reading -= 1;
  }
}

function why(error: Error, hasArchive: boolean): string {
  if (error instanceof TooMuch) return error.what === 'files' ? t().tooManyFiles(error.most) : t().tooManyBytes(bytes(error.amount), bytes(error.most));
  if (error instanceof Problem && error.isOffline) return shared().offline;
  return hasArchive ? t().badArchive(error.message) : t().unreadable(error.message);
}

function some(names: readonly string[]): string {
  const rest = names.length - TOLD;
  return [...names.slice(0, TOLD), ...(rest > 0 ? [t().more(rest)] : [])].join(', ');
}
