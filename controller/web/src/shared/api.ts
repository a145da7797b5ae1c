/** Calls to the controller. What it refuses is thrown as a `Problem`, and so is that it cannot be reached. */

import type { ProblemBody } from './types';

const BASE = '/api/v1';

/** Why a call was refused, in the controller's words. */
export class Problem extends Error {
  readonly status: number;
  /** The field at fault, where there is one. */
  readonly field: string | undefined;
  /** Seconds after which to try again. */
  readonly retryAfter: number | undefined;

  constructor(body: ProblemBody) {
    super(body.detail ?? body.title ?? String(body.status));
    this.name = 'Problem';
    this.status = body.status;
    this.field = body.field;
    this.retryAfter = body.retry_after;
  }

  /** Nobody answered at all. */
  get isOffline(): boolean {
    return this.status === 0;
  }
}

const OFFLINE: ProblemBody = { status: 0, title: 'offline' };

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
export type Query = Record<string, string | number | boolean | undefined>;

/** The address of a call, with its parameters. */
export function address(path: string, query: Query = {}): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== '');
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return BASE + path + (text ? `?${text}` : '');
}

interface Ask {
  query?: Query;
  /** Bytes as they are, anything else as JSON. */
  body?: unknown;
  signal?: AbortSignal;
}

async function call<T>(method: Method, path: string, { query, body, signal }: Ask): Promise<T> {
  const headers: Record<string, string> = { accept: 'application/json' };
  if (method !== 'GET') headers['x-ruche'] = '1';
  const request: RequestInit = { method, headers, credentials: 'same-origin', cache: 'no-store' };
  if (signal) request.signal = signal;
  if (method !== 'GET' && method !== 'DELETE') {
    const isBytes = body instanceof Blob;
    headers['content-type'] = isBytes ? 'application/octet-stream' : 'application/json';
    request.body = isBytes ? body : JSON.stringify(body ?? {});
  }
  let response: Response;
  try {
    response = await fetch(address(path, query), request);
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Problem(OFFLINE);
  }
  if (!response.ok) throw new Problem(await problem(response));
  return response.status === 204 ? (undefined as T) : ((await response.json()) as T);
}

async function problem(response: Response): Promise<ProblemBody> {
  try {
    return { ...((await response.json()) as ProblemBody), status: response.status };
  } catch {
    // Something between here and the controller has answered in its place: a proxy that cannot reach it.
    return response.status >= 500 ? OFFLINE : { status: response.status, title: response.statusText };
  }
}

export const get = <T>(path: string, query?: Query, signal?: AbortSignal): Promise<T> =>
  call<T>('GET', path, { ...(query && { query }), ...(signal && { signal }) });
export const post = <T>(path: string, body?: unknown, query?: Query): Promise<T> =>
  call<T>('POST', path, { body, ...(query && { query }) });
export const put = <T>(path: string, body: unknown): Promise<T> => call<T>('PUT', path, { body });
export const patch = <T>(path: string, body: unknown): Promise<T> => call<T>('PATCH', path, { body });
export const remove = (path: string): Promise<void> => call<void>('DELETE', path, {});

/** One name as part of a path. */
export const part = encodeURIComponent;
