/** A job's steps as they are shown, whether it has finished or still writes. Pure. */

import type { Content, Job, JobSpec, RunSpec, Step, StepResult } from '../shared/types';
import type { Live } from './follower';

export interface Written {
  content: Content | undefined;
  /** It may grow, and is read from its end. */
  isTail: boolean;
  /** Its beginning is not here any more. */
  isCut?: boolean;
}

export interface ShownStep {
  step: Step;
  name: string | undefined;
  /** Absent while it goes on. */
  result: StepResult | undefined;
  stdout: Written;
  stderr: Written;
}

/** The steps so far: from the events while a job goes on, else from its results. */
export function shownSteps(job: Job, spec: JobSpec | undefined, live: Live | undefined): ShownStep[] {
  if (job.state === 'finished' || !live) return finished(job);
  return live.steps.map(({ step, stdout, stderr, result }) => ({
    step,
    name: result?.name ?? spec?.runs?.[step - 1]?.name,
    result,
    stdout: { content: stdout.text, isTail: true, isCut: stdout.isCut },
    stderr: { content: stderr.text, isTail: true, isCut: stderr.isCut },
  }));
}

function finished(job: Job): ShownStep[] {
  const all: [Step, StepResult][] = job.runs.map((run, index) => [index + 1, run]);
  if (job.compile) all.unshift([0, job.compile]);
  return all.map(([step, result]) => ({
    step,
    name: result.name,
    result,
    stdout: { content: result.stdout, isTail: false },
    stderr: { content: result.stderr, isTail: false },
  }));
}

/** What a run was given; a job without runs has the one that it describes itself. */
export function runSpec(spec: JobSpec | undefined, step: Step): RunSpec | undefined {
  if (!spec || step === 0) return undefined;
  if (spec.runs) return spec.runs[step - 1];
  return { ...(spec.args && { args: spec.args }), ...(spec.stdin !== undefined && { stdin: spec.stdin }) };
}

/** The run that one wants to see first: the first that is not OK, or that goes on. */
export function mostTelling(runs: readonly ShownStep[]): Step | undefined {
  return (runs.find(({ result }) => result?.verdict !== 'ok') ?? runs[0])?.step;
}
