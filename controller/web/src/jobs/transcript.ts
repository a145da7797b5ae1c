/** All that a job wrote, as one file to keep. */

import { toText } from '../shared/content';
import type { Job, StepResult } from '../shared/types';

/** The output alone where only one run wrote anything, else every step's under a heading. */
export function transcript(job: Job): string {
  const [only] = job.runs;
  if (job.runs.length === 1 && only && !wrote(job.compile) && toText(only.stderr) === '') return toText(only.stdout);
  const steps = [...(job.compile ? [section('compile', job.compile)] : []), ...job.runs.map((run, index) => section(run.name ?? `run ${index + 1}`, run))];
  return steps.join('\n');
}

function section(name: string, step: StepResult): string {
  const part = (stream: 'stdout' | 'stderr'): string => {
    const text = toText(step[stream]);
    return text === '' ? '' : `--- ${stream}\n${text}${text.endsWith('\n') ? '' : '\n'}`;
  };
  return `=== ${name}: ${step.verdict}\n${part('stdout')}${part('stderr')}`;
}

const wrote = (step: StepResult | undefined): boolean => toText(step?.stdout) + toText(step?.stderr) !== '';
