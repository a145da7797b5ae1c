import { expect, test } from 'vitest';
import { toBase64 } from '../shared/content';
import type { JobEvent, StepResult } from '../shared/types';
import { Follower, type Live } from './follower';
import { KEPT_CHARACTERS } from './output';

const result: StepResult = { verdict: 'ok', truncated: false, flags: [], usage: { cpu_ms: 1, wall_ms: 2, memory_bytes: 3 } };
const output = (data: string | { base64: string }, step = 1): JobEvent => ({ type: 'output', step, stream: 'stdout', data });

function told(...events: JobEvent[]): Live {
  const follower = new Follower();
  for (const event of events) follower.apply(event);
  return follower.view();
}

test('a job is followed from the queue through its steps', () => {
  const live = told(
    { type: 'queued', position: 3 },
    { type: 'started', runner: 'lab-1', attempt: 1 },
    { type: 'step_started', step: 0 },
    { type: 'step_finished', step: 0, result },
    { type: 'step_started', step: 1 },
    output('one '),
    output('two'),
    { type: 'output', step: 1, stream: 'stderr', data: 'oh' },
  );
  expect(live).toMatchObject({ state: 'running', runner: 'lab-1', attempt: 1 });
  expect(live.steps.map((step) => [step.step, step.stdout.text, step.stderr.text, step.result?.verdict])).toEqual([
    [0, '', '', 'ok'],
    [1, 'one two', 'oh', undefined],
  ]);
});

test('a letter whose bytes come in two parts is one letter', () => {
  const [first, second] = [new Uint8Array([0xc3]), new Uint8Array([0xa9, 0x21])];
  expect(told(output({ base64: toBase64(first) }), output({ base64: toBase64(second) })).steps[0]?.stdout.text).toBe('é!');
});

test('what a lost attempt wrote is void, and why it was lost is told', () => {
  const live = told({ type: 'started', runner: 'lab-1', attempt: 1 }, output('half'), { type: 'restarted', attempt: 1, reason: 'its runner was lost' });
  expect(live).toMatchObject({ state: 'queued', runner: undefined, steps: [], restarts: ['its runner was lost'] });
});

test('a program that writes without end is kept from its end only', () => {
  const follower = new Follower();
  const chunk = 'x'.repeat(10_000);
  for (let count = 0; count < 1000; count += 1) follower.apply(output(chunk));
  follower.apply(output('the end'));
  const { text, isCut } = follower.view().steps[0]?.stdout ?? { text: '', isCut: false };
  expect(isCut).toBe(true);
  expect(text.length).toBeLessThanOrEqual(2 * KEPT_CHARACTERS);
  expect(text.endsWith('the end')).toBe(true);
});
