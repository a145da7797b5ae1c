/** Who is here, and what the place is like. */

import { get, post, Problem, remove } from './api';
import type { Me, Role, Settings } from './types';

interface Here {
  me: Me;
  settings: Settings | undefined;
  /** The controller has answered at least once. */
  isKnown: boolean;
}

const here = $state<Here>({ me: {}, settings: undefined, isKnown: false });

export const me = (): Me => here.me;
export const settings = (): Settings | undefined => here.settings;
export const isKnown = (): boolean => here.isKnown;

const RANK: Record<Role, number> = { user: 1, teacher: 2, admin: 3 };

/** Whether one has at least this role. */
export function isAtLeast(role: Role): boolean {
  return here.me.role !== undefined && RANK[here.me.role] >= RANK[role];
}

/** Asks again who is here. */
export async function refresh(): Promise<void> {
  const [who, place] = await Promise.all([whoAmI(), get<Settings>('/settings')]);
  here.me = who;
  here.settings = place;
  here.isKnown = true;
}

async function whoAmI(): Promise<Me> {
  try {
    return await get<Me>('/session');
  } catch (error) {
    if (error instanceof Problem && error.status === 401) return {};
    throw error;
  }
}

export async function logIn(name: string, password: string): Promise<void> {
  await post('/session', { name, password });
  await refresh();
}

export async function setUp(secret: string, name: string, password: string): Promise<void> {
  await post('/setup', { secret, name, password });
  await refresh();
}

export async function logOut(): Promise<void> {
  await remove('/session');
  await refresh();
}
