/** Where one is, as the part of the address behind `#`. */

export interface Route {
  page: 'editor' | 'cluster' | 'jobs' | 'people' | 'shared' | 'login' | 'setup' | 'unknown';
  /** What stands behind the page's name. */
  rest: string[];
}

const PAGES = ['cluster', 'jobs', 'people', 'shared', 'login', 'setup'] as const;

export function parse(hash: string): Route {
  const parts = hash.replace(/^#\/?/, '').split('/').filter(Boolean).map(decode);
  const [first, ...rest] = parts;
  if (first === undefined) return { page: 'editor', rest: [] };
  const page = PAGES.find((name) => name === first);
  return page ? { page, rest } : { page: 'unknown', rest: parts };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

const state = $state({ route: parse(location.hash) });

window.addEventListener('hashchange', () => {
  state.route = parse(location.hash);
});

export const route = (): Route => state.route;

export function go(hash: string): void {
  location.hash = hash;
}
