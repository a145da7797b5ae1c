/** The cluster's languages, asked for once: their names, and what limits hold where a job asks for none. */

import { get } from '../shared/api';
import { resolve } from '../editor/limits';
import type { JobSpec, LanguageInfo, Limits } from '../shared/types';

const known = $state<{ languages: LanguageInfo[] }>({ languages: [] });
let asked: Promise<void> | undefined;

export const languages = (): readonly LanguageInfo[] => known.languages;

/** Asks, unless it was asked before. Without an answer ids are shown in place of names, and no limits. */
export function learn(): void {
  asked ??= get<LanguageInfo[]>('/languages').then(
    (languages) => {
      known.languages = languages;
    },
    () => {
      asked = undefined;
    },
  );
}

const find = (id: string): LanguageInfo | undefined =>
  known.languages.find((language) => language.id === id || language.aliases.includes(id));

export const languageName = (id: string): string => find(id)?.name ?? id;

/** The limits of each run, as far as they are known: what the run asks for, else the job, else the language's own. */
export function runLimits(spec: JobSpec | undefined, index: number): Partial<Limits> {
  if (!spec) return {};
  const wanted = { ...spec.limits, ...spec.runs?.[index]?.limits };
  const language = find(spec.language);
  return language ? resolve(wanted, language.default_limits, language.maximum_limits) : wanted;
}
