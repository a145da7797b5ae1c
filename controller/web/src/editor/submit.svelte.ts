/** From the page's work to a job. */

import { bytes } from '../shared/format';
import { settings } from '../shared/session.svelte';
import { tell } from '../shared/toast.svelte';
import type { JobSpec } from '../shared/types';
import { languageInfo } from './languages.svelte';
import { resolve } from './limits';
import { type Asked, type JobRun, programRun, testsRun } from './run.svelte';
import { t } from './text';
import { UnclosedQuote } from './tests';
import { contentBytes, runSpec, testsSpec } from './work';
import { workspace } from './workspace.svelte';

/** Runs the program with its input and arguments. */
export function runProgram(): Promise<void> {
  const { isInteractive, isTerminal } = workspace.work;
  return submit(programRun, () => runSpec(workspace.work, programRun.size), { isInteractive, isTerminal: isInteractive && isTerminal });
}

/** Runs all tests. */
export const runTests = (): Promise<void> => submit(testsRun, () => testsSpec(workspace.work), { tests: workspace.work.tests.map((test) => test.id) });

async function submit(run: JobRun, makeSpec: () => JobSpec, more: Partial<Asked>): Promise<void> {
  if (run.isBusy) return;
  workspace.keepNow();
  try {
    const spec = $state.snapshot(makeSpec()) as JobSpec;
    const most = settings()?.max_body;
    const size = contentBytes(spec);
    if (most !== undefined && size > most) {
      tell(t().tooLarge(bytes(size), bytes(most)), 'wrong');
      return;
    }
    const info = languageInfo(spec.language);
    const limits = info && resolve(spec.limits ?? {}, info.default_limits, info.maximum_limits);
    // What an earlier run complained about is not what is submitted now.
    for (const one of [programRun, testsRun]) one.found = [];
    await run.start({ spec, limits, ...more });
  } catch (error) {
    if (!(error instanceof UnclosedQuote)) throw error;
    const whose = error.test ?? t()[error.line];
    tell(`${whose}: ${t().unclosed(error.quote)}`, 'wrong');
  }
}
