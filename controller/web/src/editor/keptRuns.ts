/** Runs that go on while the page is loaded anew, kept by this tab of the browser. */

import type { Limits } from '../shared/types';

export interface KeptRun {
  id: string;
  isInteractive?: boolean;
  isTerminal?: boolean;
  limits?: Limits;
  /** The tests that its runs are, by their ids. */
  tests?: string[];
}

type Store = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

const key = (name: string): string => `ruche.run.${name}`;

/** Remembers what runs, or that nothing does. */
export function rememberRun(store: Store, name: string, run: KeptRun | undefined): void {
  try {
    if (run) store.setItem(key(name), JSON.stringify(run));
    else store.removeItem(key(name));
  } catch {
    // A browser without room for it follows nothing after a reload, which is all that is lost.
  }
}

export function rememberedRun(store: Store, name: string): KeptRun | undefined {
  try {
    const kept = JSON.parse(store.getItem(key(name)) ?? 'null') as KeptRun | null;
    return typeof kept?.id === 'string' && kept.id !== '' ? kept : undefined;
  } catch {
    return undefined;
  }
}
