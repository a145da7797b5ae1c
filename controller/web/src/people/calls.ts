/** What these pages ask of the controller. */

import { get, part, patch, post, put, type Query, remove } from '../shared/api';
import type { Job, JobPage, LanguageInfo } from '../shared/types';
import type {
  AuditPage,
  CreatedToken,
  GroupChange,
  GroupInfo,
  LimitsInfo,
  NewToken,
  NewUser,
  Quota,
  TokenInfo,
  UserChange,
  UserInfo,
} from './types';

const user = (name: string): string => `/users/${part(name)}`;
const group = (name: string): string => `/groups/${part(name)}`;

export const getLimits = (): Promise<LimitsInfo> => get('/limits');
export const changePassword = (old: string, fresh: string): Promise<void> => post('/password', { old, new: fresh });

/** The key that signs callbacks. */
export const getCallbackKey = (): Promise<{ key: string }> => get('/account/callback-key');
/** Makes a new one; the old one signs no more. */
export const renewCallbackKey = (): Promise<{ key: string }> => post('/account/callback-key');

export const listTokens = (): Promise<TokenInfo[]> => get('/tokens');
export const createToken = (token: NewToken): Promise<CreatedToken> => post('/tokens', token);
export const revokeToken = (id: string): Promise<void> => remove(`/tokens/${part(id)}`);

export const listUsers = (): Promise<UserInfo[]> => get('/users');
export const addUser = (fresh: NewUser): Promise<UserInfo> => post('/users', fresh);
export const changeUser = (name: string, change: UserChange): Promise<UserInfo> => patch(user(name), change);
export const removeUser = (name: string): Promise<void> => remove(user(name));

export const listGroups = (): Promise<GroupInfo[]> => get('/groups');
/** Makes the group where there is none. */
export const changeGroup = (name: string, change: GroupChange): Promise<GroupInfo> => patch(group(name), change);
export const limitGroup = (name: string, limits: Quota): Promise<GroupInfo> => put(`${group(name)}/limits`, limits);
export const removeGroup = (name: string): Promise<void> => remove(group(name));

export const listAudit = (cursor?: string): Promise<AuditPage> => get('/audit', { limit: 50, cursor });

export const listJobs = (query: Query): Promise<JobPage> => get('/jobs', query);
export const getJob = (id: string): Promise<Job> => get(`/jobs/${part(id)}`);
export const listLanguages = (): Promise<LanguageInfo[]> => get('/languages');
