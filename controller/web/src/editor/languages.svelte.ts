/** The languages that runners here have. */

import { get } from '../shared/api';
import type { LanguageInfo } from '../shared/types';

interface Known {
  list: LanguageInfo[];
  isKnown: boolean;
  problem: string | undefined;
}

/** Soon where there are none: somebody may just be starting a runner. */
const SOON_MS = 3000;
const LATER_MS = 30_000;

const state = $state<Known>({ list: [], isKnown: false, problem: undefined });

export const languages = (): LanguageInfo[] => state.list;
export const areKnown = (): boolean => state.isKnown;
export const problem = (): string | undefined => state.problem;

export const languageInfo = (id: string): LanguageInfo | undefined =>
  state.list.find((language) => language.id === id || language.aliases.includes(id));

/** Asks now and again until it is told to end. */
export function watchLanguages(): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isOver = false;
  const ask = async (): Promise<void> => {
    try {
      state.list = await get<LanguageInfo[]>('/languages');
      state.isKnown = true;
      state.problem = undefined;
    } catch (error) {
      state.problem = (error as Error).message;
    }
    if (!isOver) timer = setTimeout(ask, state.list.length === 0 || state.problem ? SOON_MS : LATER_MS);
  };
  void ask();
  return () => {
    isOver = true;
    clearTimeout(timer);
  };
}
