/** Light or dark: as the system is, until somebody chooses. */

export type Theme = 'system' | 'light' | 'dark';

const KEY = 'ruche.theme';
const dark = matchMedia('(prefers-color-scheme: dark)');

function initial(): Theme {
  const chosen = localStorage.getItem(KEY);
  return chosen === 'light' || chosen === 'dark' ? chosen : 'system';
}

const state = $state({ theme: initial(), systemIsDark: dark.matches });

dark.addEventListener('change', (event) => {
  state.systemIsDark = event.matches;
  apply();
});

export const theme = (): Theme => state.theme;
export const isDark = (): boolean => (state.theme === 'system' ? state.systemIsDark : state.theme === 'dark');

export function choose(next: Theme): void {
  state.theme = next;
  if (next === 'system') localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, next);
  apply();
}

/** Style sheets go by this attribute. */
export function apply(): void {
  document.documentElement.dataset['theme'] = isDark() ? 'dark' : 'light';
}
