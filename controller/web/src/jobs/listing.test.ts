import { expect, test } from 'vitest';
import type { JobState, JobSummary } from '../shared/types';
import { append, EMPTY, type Listing, refresh } from './listing';

const job = (id: string, state: JobState = 'finished'): JobSummary => ({
  id,
  state,
  language: 'python',
  attempts: 1,
  usage: { cpu_ms: 1, wall_ms: 1, memory_bytes: 1 },
  queued_at: '2026-01-01T00:00:00Z',
});
const jobs = (...ids: string[]): JobSummary[] => ids.map((id) => job(id));
const ids = (listing: Listing): string => listing.jobs.map((one) => one.id).join('');
const shown = (listed: string, cursor?: string): Listing => ({ jobs: jobs(...listed), cursor });

test('pages follow each other, and no job stands twice', () => {
  const first = append(EMPTY, { jobs: jobs('d', 'c'), next_cursor: '2' });
  expect(append(first, { jobs: jobs('c', 'b') })).toEqual({ jobs: jobs('d', 'c', 'b'), cursor: undefined });
});

test('new jobs come on top where nothing is held back', () => {
  const news = refresh(shown('ba'), { jobs: jobs('c', 'b', 'a') }, false);
  expect([ids(news.listing), news.held]).toEqual(['cba', 0]);
});

test('new jobs are counted where they are held back, and known ones change in their place', () => {
  const page = { jobs: [job('d'), job('c'), job('b', 'running'), job('a')] };
  const news = refresh(shown('ba'), page, true);
  expect([ids(news.listing), news.held]).toEqual(['ba', 2]);
  expect(news.listing.jobs[0]?.state).toBe('running');
});

test('nothing is held back from an empty list', () => {
  const news = refresh(EMPTY, { jobs: jobs('a') }, true);
  expect([ids(news.listing), news.held]).toEqual(['a', 0]);
});

test('jobs that do not match any more go, older ones than the page stay', () => {
  const news = refresh(shown('edcba', 'before-a'), { jobs: jobs('e', 'c'), next_cursor: 'before-c' }, false);
  expect(ids(news.listing)).toBe('ecba');
  expect(news.listing.cursor).toBe('before-a');
});

test('a page that is the last one is all there is', () => {
  expect(refresh(shown('cba', 'x'), { jobs: jobs('c') }, false).listing).toEqual({ jobs: jobs('c'), cursor: undefined });
});

test('a list within one page goes on where the page says', () => {
  const news = refresh(shown('ba', 'before-a'), { jobs: jobs('c', 'b'), next_cursor: 'before-b' }, false);
  expect([ids(news.listing), news.listing.cursor]).toEqual(['cba', 'before-a']);
  const whole = refresh(shown('b', 'before-b'), { jobs: jobs('c', 'b'), next_cursor: 'x' }, false);
  expect(whole.listing.cursor).toBe('x');
});

test('where more came than a page holds, the list starts again, once it may move', () => {
  const page = { jobs: jobs('f', 'e'), next_cursor: 'before-e' };
  expect(refresh(shown('ba', 'y'), page, true)).toEqual({ listing: shown('ba', 'y'), held: 2 });
  expect(refresh(shown('ba', 'y'), page, false).listing).toEqual({ jobs: jobs('f', 'e'), cursor: 'before-e' });
});

test('a page that is empty so far changes nothing', () => {
  expect(refresh(shown('ba', 'y'), { jobs: [], next_cursor: 'x' }, false)).toEqual({ listing: shown('ba', 'y'), held: 0 });
});
