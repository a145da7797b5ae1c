/** Files that a run left: which of them are pictures, and where they are. Pure. */

import { address, part } from './api';
import type { Artifact } from './types';

const PICTURES = new Set(['png', 'jpg', 'jpeg', 'gif', 'webp', 'svg']);

/** Whether browsers show it as a picture; as such, not even an SVG runs anything. */
export const isPicture = (path: string): boolean => PICTURES.has(/\.([a-z]+)$/i.exec(path)?.[1]?.toLowerCase() ?? '');

/** Pictures apart from the other files, each in their order. An empty file is no picture. */
export function sorted(artifacts: readonly Artifact[]): { pictures: Artifact[]; others: Artifact[] } {
  const shows = ({ path, size }: Artifact): boolean => size > 0 && isPicture(path);
  return { pictures: artifacts.filter(shows), others: artifacts.filter((one) => !shows(one)) };
}

const within = (owner: string, run: number) => (path: string): string =>
  address(`${owner}/artifacts/${path.split('/').map(part).join('/')}`, { run });

/** Where the files of a job's n-th run are, from 0. */
export const ofJob = (id: string, run: number): ((path: string) => string) => within(`/jobs/${part(id)}`, run);

/** The same for whoever has a link to the job. */
export const ofShared = (token: string, run: number): ((path: string) => string) => within(`/shared/${part(token)}`, run);
