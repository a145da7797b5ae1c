/** What the controller's API says about people. Fields are as they come. */

import type { LimitsRequest, Role, Scope } from '../shared/types';

/** What somebody may have; what is absent is not limited, or left to the groups. */
export interface Quota {
  max_running?: number;
  max_queued?: number;
  cpu_seconds_per_day?: number;
  maximum: LimitsRequest;
}

export interface LimitsInfo {
  limits: Quota;
  cpu_seconds_today: number;
}

export interface UserInfo {
  name: string;
  role: Role;
  groups: string[];
  limits: Quota;
  created_at: string;
}

export interface NewUser {
  name: string;
  role: Role;
  password: string;
}

export interface UserChange {
  role?: Role;
  password?: string;
  limits?: Quota;
}

export interface GroupInfo {
  name: string;
  members: string[];
  limits: Quota;
}

export interface GroupChange {
  add?: string[];
  remove?: string[];
}

export interface Budget {
  languages?: string[];
  cpu_seconds?: number;
  jobs?: number;
}

export interface TokenInfo {
  id: string;
  name: string;
  scopes: Scope[];
  budget: Budget;
  created_at: string;
  expires_at?: string;
  parent?: string;
}

export interface NewToken {
  name: string;
  scopes: Scope[];
  ttl_seconds?: number;
  budget: Budget;
}

export interface CreatedToken {
  token: string;
  info: TokenInfo;
}

export interface AuditEntry {
  at: string;
  who?: string;
  from: string;
  action: string;
  subject?: string;
  done: boolean;
}

export interface AuditPage {
  entries: AuditEntry[];
  next_cursor?: string;
}
