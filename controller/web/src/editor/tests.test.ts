import { expect, test } from 'vitest';
import type { JobSpec, Judge } from '../shared/types';
import { amount, isParallel, isWeight, type Judging, newTest, ofTests, toTests, USUAL_JUDGING } from './tests';

const judge: Judge = { language: 'python', files: [{ path: 'check.py', content: 'x' }] };
const judging = (change: Partial<Judging>): Judging => ({ ...USUAL_JUDGING, ...change });
const one = newTest({ name: 'a', stdin: '1', expected: '2' });

test('what holds for all holds for a test that has no rule of its own', () => {
  const own = newTest({ name: 'b', expected: 'x', rule: { kind: 'float', absolute: '0,5', relative: '' } });
  const spec = ofTests([one, own], judging({ rule: { kind: 'tokens', absolute: '', relative: '' } }));
  expect(spec.runs?.map((run) => run.expect?.checker)).toEqual(['tokens', { float: { absolute: 0.5 } }]);
});

test('weights and groups are said where there are any', () => {
  const spec = ofTests([newTest({ name: 'a', weight: '2.5', group: ' sub ' }), newTest({ name: 'b', weight: '1' })], USUAL_JUDGING);
  expect(spec.runs).toEqual([
    { name: 'a', stdin: '', args: [], expect: { stdout: '', checker: 'trimmed' }, weight: 2.5, group: 'sub' },
    { name: 'b', stdin: '', args: [], expect: { stdout: '', checker: 'trimmed' } },
  ]);
});

test('a checker goes along only where a test is judged by it', () => {
  expect(ofTests([one], judging({ checker: judge })).checker).toBeUndefined();
  expect(ofTests([one], judging({ checker: judge, rule: { kind: 'custom', absolute: '', relative: '' } })).checker).toEqual(judge);
});

test('an interactor judges in place of any comparison, and may be told what is expected', () => {
  const spec = ofTests([one, newTest({ name: 'b', rule: { kind: 'custom', absolute: '', relative: '' } })], judging({ hasInteractor: true, interactor: judge, checker: judge }));
  expect(spec.interactor).toEqual(judge);
  expect(spec.checker).toBeUndefined();
  expect(spec.runs?.map((run) => run.expect)).toEqual([{ stdout: '2' }, undefined]);
});

test('how many at once, and whether a failure is the end', () => {
  expect(ofTests([one], judging({ parallel: '4', stopsOnFailure: true }))).toMatchObject({ parallel: 4, stop_on_failure: true });
  for (const parallel of ['', '1']) expect(ofTests([one], judging({ parallel })).parallel).toBeUndefined();
});

test('a job that is opened has the tests that it came from', () => {
  const tests = [newTest({ name: 'a', stdin: '1', expected: '2', weight: '3', group: 'g' }), newTest({ name: 'b', rule: { kind: 'exact', absolute: '', relative: '' } })];
  const settings = judging({ rule: { kind: 'float', absolute: '0.1', relative: '' }, parallel: '8', stopsOnFailure: true });
  const spec = ofTests(tests, settings) as JobSpec;
  const back = toTests(spec);
  expect(ofTests(back.tests, back.judging)).toEqual(spec);
  expect(back.tests.map(({ rule }) => rule?.kind)).toEqual([undefined, 'exact']);
});

test('numbers that somebody types', () => {
  expect(['', ' 0,5 ', '1e-9', '-1', 'x', '0'].map(amount)).toEqual([undefined, 0.5, 1e-9, undefined, undefined, 0]);
  expect(['', '1', '64', '65', '0', '1.5'].map(isParallel)).toEqual([true, true, true, false, false, false]);
  expect(['', '0', '1000000', '1000001', '-1'].map(isWeight)).toEqual([true, true, true, false, false]);
});
