import { expect, test } from 'vitest';
import type { Job, StepResult } from '../shared/types';
import { transcript } from './transcript';

const step = (stdout: string, stderr = '', name?: string): StepResult => ({
  verdict: 'ok',
  stdout,
  stderr,
  truncated: false,
  flags: [],
  usage: { cpu_ms: 1, wall_ms: 1, memory_bytes: 1 },
  ...(name && { name }),
});
const job = (runs: StepResult[], compile?: StepResult): Job => ({
  id: 'a',
  state: 'finished',
  language: 'c',
  attempts: 1,
  queued_at: '2026-01-01T00:00:00Z',
  runs,
  ...(compile && { compile }),
});

test('one program’s output is the file', () => {
  expect(transcript(job([step('hello\n')], step('')))).toBe('hello\n');
});

test('several outputs stand under headings', () => {
  const text = transcript(job([step('one', '', 'first'), step('two\n', 'oh\n')], step('', 'warning\n')));
  expect(text).toBe(
    '=== compile: ok\n--- stderr\nwarning\n\n=== first: ok\n--- stdout\none\n\n=== run 2: ok\n--- stdout\ntwo\n--- stderr\noh\n',
  );
});
