/** The calls to manage runners. */

import { part, patch, post, remove } from '../shared/api';
import type { RunnerInfo } from '../shared/types';

/** What a runner takes at most; nothing where only its own offer counts. */
export interface Limits {
  max_jobs: number | null;
  max_cpu_percent: number | null;
  max_memory_percent: number | null;
}

export interface NewToken {
  token: string;
  port: number;
  expires_at: string;
}

const at = (name: string): string => `/runners/${part(name)}`;

export const pause = (name: string): Promise<RunnerInfo> => post(`${at(name)}/pause`);
export const resume = (name: string): Promise<RunnerInfo> => post(`${at(name)}/resume`);
export const drain = (name: string): Promise<RunnerInfo> => post(`${at(name)}/drain`);
export const setLimits = (name: string, limits: Limits): Promise<RunnerInfo> => patch(at(name), limits);
export const takeOut = (name: string): Promise<void> => remove(at(name));

export const newToken = (ttlSeconds: number, uses: number): Promise<NewToken> =>
  post('/join-tokens', { ttl_seconds: ttlSeconds, uses });
