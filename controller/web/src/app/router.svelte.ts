/** Where one is, as the part of the address behind `#`. */

export interface Route {
  page: 'editor' | 'cluster' | 'jobs' | 'people' | 'shared' | 'login' | 'setup' | 'unknown';
  /** What stands behind the page's name. */
  rest: string[];
  /** What stands behind `?`. */
  query: URLSearchParams;
}

const PAGES = ['cluster', 'jobs', 'people', 'shared', 'login', 'setup'] as const;

export function parse(hash: string): Route {
  const [path = '', search = ''] = hash.split(/\?(.*)/s);
  const query = new URLSearchParams(search);
  const parts = path.replace(/^#\/?/, '').split('/').filter(Boolean).map(decode);
  const [first, ...rest] = parts;
  if (first === undefined) return { page: 'editor', rest: [], query };
  const page = PAGES.find((name) => name === first);
  return page ? { page, rest, query } : { page: 'unknown', rest: parts, query };
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
