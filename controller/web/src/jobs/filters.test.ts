import { expect, test } from 'vitest';
import { amount, NO_FILTERS, parse, toHash, toQuery } from './filters';

test('filters survive in the address', () => {
  const filters = { ...NO_FILTERS, state: 'finished', verdict: 'wrong_answer', search: 'a&b ?', label: 'task=fib' } as const;
  expect(parse(toHash(filters))).toEqual(filters);
  expect(toHash(NO_FILTERS)).toBe('#/jobs');
  expect(parse('#/jobs')).toEqual(NO_FILTERS);
});

test('what cannot be is left out of the address', () => {
  expect(parse('#/jobs?state=lost&verdict=fine&colour=red&language=c')).toEqual({ ...NO_FILTERS, language: 'c' });
});

test('half a label is not asked for', () => {
  expect(toQuery({ ...NO_FILTERS, label: 'task' })['label']).toBe('');
  expect(toQuery({ ...NO_FILTERS, label: ' task=fib ' })['label']).toBe('task=fib');
});

test('the search is not one of the filters that are counted', () => {
  expect(amount({ ...NO_FILTERS, search: 'x', runner: 'lab-1', state: 'queued' })).toBe(2);
});
