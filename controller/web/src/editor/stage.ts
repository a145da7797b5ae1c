/** Where a run stands, as it is said in words. */

import type { Verdict } from '../shared/types';
import type { Progress } from './progress';

export type Stage = { type: 'idle' | 'sending' | 'compiling' | 'preparing' | 'running' | 'done' } | { type: 'behind'; jobs: number };

export function stage(phase: 'idle' | 'sending' | 'following' | 'done' | 'gone', progress: Progress): Stage {
  if (phase === 'sending') return { type: 'sending' };
  if (phase !== 'following') return { type: phase === 'done' ? 'done' : 'idle' };
  if (progress.phase === 'queued') return { type: 'behind', jobs: progress.position ?? 0 };
  if (progress.step === undefined) return { type: 'preparing' };
  return { type: progress.step === 0 ? 'compiling' : 'running' };
}

/** A limit ended it: raising that may help. */
export function usedLimits(verdict: Verdict): boolean {
  return verdict === 'cpu_time_exceeded' || verdict === 'wall_time_exceeded' || verdict === 'memory_exceeded';
}
