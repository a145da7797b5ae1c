/** How far a job has come, told by its events. */

import type { Job, JobEvent, Score, Step, StepResult, Verdict } from '../shared/types';

export interface Progress {
  phase: 'queued' | 'running' | 'finished';
  /** The number of the last event that was taken in. */
  seen: number;
  position: number | undefined;
  runner: string | undefined;
  /** The step that is being made: 0 is the compilation. */
  step: Step | undefined;
  compile: StepResult | undefined;
  /** By their place in the specification; a run that has not ended yet has none. */
  runs: (StepResult | undefined)[];
  /** Why what it wrote before is void. */
  restarted: string | undefined;
  verdict: Verdict | undefined;
  /** What the controller says beside the verdict. */
  message: string | undefined;
  score: Score | undefined;
}

export const START: Progress = {
  phase: 'queued',
  seen: 0,
  position: undefined,
  runner: undefined,
  step: undefined,
  compile: undefined,
  runs: [],
  restarted: undefined,
  verdict: undefined,
  message: undefined,
  score: undefined,
};

/** What comes after an event. An event that was seen before changes nothing: it is the same object. */
export function advance(before: Progress, number: number, event: JobEvent): Progress {
  if (number <= before.seen) return before;
  const now = { ...before, seen: number };
  switch (event.type) {
    case 'queued':
      return { ...now, phase: 'queued', position: event.position };
    case 'started':
      return { ...now, phase: 'running', position: undefined, runner: event.runner };
    case 'step_started':
      return { ...now, phase: 'running', step: event.step };
    case 'output':
      return now;
    case 'step_finished':
      return ended(now, event.step, event.result);
    case 'restarted':
      return { ...START, seen: number, restarted: event.reason };
    case 'finished':
      return finished(now, event.job);
  }
}

function ended(now: Progress, step: Step, result: StepResult): Progress {
  if (step === 0) return { ...now, compile: result };
  const runs = [...now.runs];
  runs[step - 1] = result;
  return { ...now, runs };
}

function finished(now: Progress, job: Job): Progress {
  return {
    ...now,
    phase: 'finished',
    position: undefined,
    step: undefined,
    runner: job.runner ?? now.runner,
    compile: job.compile ?? now.compile,
    runs: job.runs.map((run, at) => withWords(run, now.runs[at])),
    verdict: job.verdict,
    message: job.message,
    score: job.score,
  };
}

/** The news of the end has no outputs; what a checker said came with its run. */
function withWords(run: StepResult, before: StepResult | undefined): StepResult {
  if (!run.check || run.check.output !== undefined || before?.check?.output === undefined) return run;
  return { ...run, check: { ...run.check, output: before.check.output } };
}
