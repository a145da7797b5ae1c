/** What went wrong in a job, in one line that is the same for all who made the same mistake. Pure. */

import { toText } from '../shared/content';
import type { Job, JobSummary, StepResult, Verdict } from '../shared/types';

/** Only so much of an output is looked at. */
const LOOKED_AT = 64 * 1024;
const LONGEST_LINE = 160;
/** Of longer lines only the beginning. */
const LINE_LOOKED_AT = 1000;
const LONGEST_QUOTE = 24;

// Every pattern here is linear in the length of a line, or nearly: anybody may write anything.
const ANSI = /\u001b\[[0-9;?]*[A-Za-z]/g;
/** `main.c:3:5: `, `/box/Main.java:7: ` */
const PLACE = /^[^\s:]+:\d+(?::\d+)?:\s*/;
const COMPILER = /^(?:fatal )?(?:error|erreur)(?:\[\w+\])?\s*:/i;
const LINKER = /undefined reference to|multiple definition of/;
const PYTHON = /^[A-Za-z_][\w.]*(?:Error|Exception|Exit|Interrupt|Iteration)(?:: |$)/;
const JAVA = /^(?:Exception in thread "[^"]*" |Caused by: )/;
const FRAME = /^\s|^Traceback \(|^\.\.\./;

export interface Failure {
  verdict: Verdict;
  /** To be read; empty where the verdict says everything. */
  line: string;
}

export interface ErrorGroup extends Failure {
  key: string;
  /** Newest first. */
  jobs: JobSummary[];
  /** Who ran into it, whoever did so last first. */
  people: string[];
}

/** Whether somebody would look for a mistake in the program. */
export const isFailing = (job: Pick<JobSummary, 'verdict'>): boolean =>
  job.verdict !== undefined && job.verdict !== 'ok' && job.verdict !== 'cancelled';

/** What to say about a job that failed. */
export function failure(job: Job): Failure {
  const verdict = job.verdict ?? 'internal_error';
  const say: Partial<Record<Verdict, (job: Job) => string>> = { compile_error: compiled, runtime_error: ran, wrong_answer: answered, internal_error: said };
  return { verdict, line: normalise(say[verdict]?.(job) ?? '') };
}

const compiled = (job: Job): string => {
  const lines = linesOf(job.compile);
  return lines.find((line) => COMPILER.test(line.replace(PLACE, ''))) ?? lines.findLast((line) => PYTHON.test(line)) ?? linker(lines) ?? lastSaid(lines) ?? said(job);
};

/** From where it says what is wrong: before stands where, in files that have another name each time. */
function linker(lines: readonly string[]): string | undefined {
  const found = lines.find((line) => LINKER.test(line));
  return found?.slice(LINKER.exec(found)?.index);
}

const ran = (job: Job): string => {
  const step = job.runs.find((run) => run.verdict === 'runtime_error');
  const lines = linesOf(step);
  return lines.find((line) => JAVA.test(line)) ?? lines.findLast((line) => PYTHON.test(line)) ?? ended(step) ?? lastSaid(lines) ?? said(job);
};

/** The test that it did not pass. */
const answered = (job: Job): string => job.runs.find((run) => run.verdict === 'wrong_answer')?.name ?? '';

const said = (job: Job): string => job.message ?? '';

/** A signal tells more than what a program wrote before; 9 is how limits end programs too. */
function ended(step: StepResult | undefined): string | undefined {
  const names: Record<number, string> = { 4: 'SIGILL', 6: 'SIGABRT', 7: 'SIGBUS', 8: 'SIGFPE', 11: 'SIGSEGV' };
  return step?.signal === undefined ? undefined : names[step.signal];
}

const lastSaid = (lines: readonly string[]): string | undefined => lines.findLast((line) => line.trim() !== '' && !FRAME.test(line));

function linesOf(step: StepResult | undefined): string[] {
  const text = toText(step?.stderr) || toText(step?.stdout);
  const looked = text.length <= 2 * LOOKED_AT ? text : text.slice(0, LOOKED_AT) + text.slice(-LOOKED_AT);
  return looked.replace(ANSI, '').split(/\r?\n/).map((line) => line.slice(0, LINE_LOOKED_AT));
}

/** Without what differs between two who made the same mistake: where it is, and addresses in memory. */
export function normalise(line: string): string {
  const short = line.slice(0, LINE_LOOKED_AT).replace(ANSI, '').trim().replace(JAVA, '').replace(PLACE, '');
  const placeless = short
    .replace(/\(?\b[\w.-]+\.\w+, line \d+\)?/g, '')
    .replace(/,? ?\(?\b(?:at |on |in )?(?:line|ligne) \d+(?:, column \d+)?\)?/gi, '')
    .replace(/\b0x[0-9a-f]+\b/gi, '0x…')
    .replace(/(^|[\s'"‘“(=])(?:\.{0,2}\/)(?:[^\s'"’”():/]+\/)*([^\s'"’”():/]+)(?::\d+)*/g, '$1$2');
  const quoted = placeless.replace(/(['"‘“`])([^'"’”`]*)(['"’”`])/g, (_, open: string, inside: string, close: string) => open + cut(inside, LONGEST_QUOTE) + close);
  return cut(quoted.replace(/\s+/g, ' ').trim(), LONGEST_LINE);
}

const cut = (text: string, most: number): string => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

/** What two failures have in common that are the same: numbers in them may differ. */
export const keyOf = ({ verdict, line }: Failure): string => `${verdict} ${line.toLowerCase().replace(/\d+/g, '#')}`;

/** The same mistakes together: what most people ran into first. Jobs whose failure is not known yet are left out. */
export function group(jobs: readonly JobSummary[], failureOf: (id: string) => Failure | undefined): ErrorGroup[] {
  const groups = new Map<string, ErrorGroup>();
  const newestFirst = [...jobs].sort((a, b) => b.queued_at.localeCompare(a.queued_at));
  for (const job of newestFirst) {
    const found = failureOf(job.id);
    if (!found) continue;
    const key = keyOf(found);
    const known = groups.get(key) ?? { ...found, key, jobs: [], people: [] };
    groups.set(key, known);
    known.jobs.push(job);
    if (job.owner !== undefined && !known.people.includes(job.owner)) known.people.push(job.owner);
  }
  return [...groups.values()].sort((a, b) => b.people.length - a.people.length || b.jobs.length - a.jobs.length);
}
