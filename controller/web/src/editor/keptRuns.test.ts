import { expect, test } from 'vitest';
import { rememberedRun, rememberRun } from './keptRuns';

class Memory {
  readonly kept = new Map<string, string>();
  getItem = (key: string): string | null => this.kept.get(key) ?? null;
  setItem = (key: string, value: string): void => void this.kept.set(key, value);
  removeItem = (key: string): void => void this.kept.delete(key);
}

test('a run is remembered until it is over, apart from others', () => {
  const store = new Memory();
  rememberRun(store, 'program', { id: 'a', isInteractive: true, isTerminal: true });
  rememberRun(store, 'tests', { id: 'b', tests: ['x'] });
  expect([rememberedRun(store, 'program'), rememberedRun(store, 'tests')]).toEqual([{ id: 'a', isInteractive: true, isTerminal: true }, { id: 'b', tests: ['x'] }]);
  rememberRun(store, 'program', undefined);
  expect(rememberedRun(store, 'program')).toBeUndefined();
});

test.each(['{', 'null', '{}', '{"id":""}', '{"id":7}'])('%j is no run', (text) => {
  const store = new Memory();
  store.setItem('ruche.run.program', text);
  expect(rememberedRun(store, 'program')).toBeUndefined();
});

test('a browser that keeps nothing does no harm', () => {
  const full = { ...new Memory(), setItem: () => { throw new Error('full'); } };
  expect(() => rememberRun(full, 'program', { id: 'a' })).not.toThrow();
});
