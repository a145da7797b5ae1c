/** What these pages ask of the controller. */

import { get, part, post, type Query, remove } from '../shared/api';
import type { Accepted, Job, JobAttempt, JobPage, JobSpec } from '../shared/types';

/** A link that shows a job to whoever has it. */
export interface Link {
  token: string;
  expires_at?: string;
}

/** What such a link shows. */
export interface SharedJob {
  job: Job;
  spec: JobSpec;
}

const of = (id: string): string => `/jobs/${part(id)}`;

export const listJobs = (query: Query, signal?: AbortSignal): Promise<JobPage> => get<JobPage>('/jobs', query, signal);
export const getJob = (id: string): Promise<Job> => get<Job>(of(id));
/** With its results, which may be a moment later than the news that it has finished. */
export const getFinished = (id: string): Promise<Job> => get<Job>(of(id), { wait: 10 });
export const getSpec = (id: string): Promise<JobSpec> => get<JobSpec>(`${of(id)}/spec`);
export const getAttempts = (id: string): Promise<JobAttempt[]> => get<JobAttempt[]>(`${of(id)}/attempts`);
export const cancelJob = (id: string): Promise<Job> => post<Job>(`${of(id)}/cancel`);
export const runAgain = (id: string): Promise<Accepted> => post<Accepted>(`${of(id)}/rerun`);
export const share = (id: string): Promise<Link> => post<Link>(`${of(id)}/share`);
export const unshare = (id: string): Promise<void> => remove(`${of(id)}/share`);
export const getShared = (token: string): Promise<SharedJob> => get<SharedJob>(`/shared/${part(token)}`);
