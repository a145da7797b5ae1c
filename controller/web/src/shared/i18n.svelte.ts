/** The language of the page: the browser's, until somebody chooses. */

export const LANGUAGES = ['en', 'fr'] as const;
export type Language = (typeof LANGUAGES)[number];

const KEY = 'ruche.language';

/** The first of these that there is a translation for. */
export function preferred(wanted: readonly string[]): Language {
  for (const tag of wanted) {
    const found = LANGUAGES.find((language) => tag.toLowerCase().split('-')[0] === language);
    if (found) return found;
  }
  return 'en';
}

function initial(): Language {
  const chosen = globalThis.localStorage?.getItem(KEY);
  return preferred([...(chosen ? [chosen] : []), ...(globalThis.navigator?.languages ?? [])]);
}

const state = $state({ language: initial() });

export const language = (): Language => state.language;

export function choose(next: Language): void {
  state.language = next;
  localStorage.setItem(KEY, next);
}

/** Texts, and sentences made of values; French has to have what English has. */
export type Texts = Record<string, string | ((...values: never[]) => string)>;

/** A dictionary that is asked for its texts in the page's language: `t().run`. */
export function dictionary<T extends Texts>(texts: { en: T; fr: { [K in keyof T]: T[K] extends string ? string : T[K] } }): () => T {
  return () => texts[state.language] as T;
}
