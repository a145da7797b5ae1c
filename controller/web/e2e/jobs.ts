/** Jobs for tests, submitted as a program would submit them. */

import type { Cluster } from './cluster';

export interface Made {
  id: string;
}

/** A program of one file. */
export const python = (content: string, more: object = {}) => ({ language: 'python', files: [{ path: 'main.py', content }], ...more });

export class Api {
  readonly #place: Cluster;
  readonly #token: string | undefined;

  constructor(place: Cluster, token?: string) {
    this.#place = place;
    this.#token = token;
  }

  async call<T = Made>(method: string, path: string, body: unknown = {}): Promise<T> {
    const response = await fetch(`${this.#place.url}/api/v1${path}`, {
      method,
      headers: { 'content-type': 'application/json', 'x-ruche': '1', ...(this.#token && { authorization: `Bearer ${this.#token}` }) },
      ...(method !== 'GET' && { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${await response.text()}`);
    return (await response.json()) as T;
  }

  /** Returns the job's id at once. */
  async submit(spec: object): Promise<string> {
    return (await this.call('POST', '/jobs', spec)).id;
  }

  /** Returns it once it has finished. */
  async run(spec: object): Promise<string> {
    const id = await this.submit(spec);
    await this.call('GET', `/jobs/${id}?wait=60`);
    return id;
  }
}
