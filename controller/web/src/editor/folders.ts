/** What is chosen or dropped: files, whole folders, archives; as files of a program with their paths. */

import { post } from '../shared/api';
import { ofBytes } from '../shared/content';
import type { SourceFile } from '../shared/types';

/** A file, and where it is in what was chosen. */
export interface Found {
  path: string;
  file: File;
}

/** The most files of one program, as the controller has it. */
export const MAX_FILES = 10_000;

/** What others write for themselves beside a program, and nobody wants to send. */
const LEFT_OUT = new Set(['.git', '.hg', '.svn', '.DS_Store', '__MACOSX', '__pycache__', 'node_modules']);

export const isArchive = (name: string): boolean => /\.(?:zip|tar|tar\.gz|tgz)$/i.test(name);

/** Why a choice is not read: there is more of it than the controller would take. */
export class TooMuch extends Error {
  constructor(
    readonly what: 'files' | 'bytes',
    readonly amount: number,
    readonly most: number,
  ) {
    super(`too much: ${what}`);
  }
}

/** Without what nobody wants to send; the names of that are in `left`. */
export function wanted(found: readonly Found[]): { files: Found[]; left: string[] } {
  const left = new Set<string>();
  const files = found.filter(({ path }) => {
    const name = path.split('/').find((one) => LEFT_OUT.has(one));
    if (name !== undefined) left.add(name);
    return name === undefined;
  });
  return { files, left: [...left] };
}

/** @throws TooMuch before anything is read. */
export function check(files: readonly Found[], mostBytes: number | undefined): void {
  if (files.length > MAX_FILES) throw new TooMuch('files', files.length, MAX_FILES);
  const bytes = files.reduce((sum, { file }) => sum + file.size, 0);
  if (mostBytes !== undefined && bytes > mostBytes) throw new TooMuch('bytes', bytes, mostBytes);
}

/** Reads files; archives are opened by the controller, which names the entry where one is refused. @throws Problem */
export async function read(files: readonly Found[]): Promise<SourceFile[]> {
  const parts = await Promise.all(
    files.map(async ({ path, file }): Promise<SourceFile[]> => {
      if (isArchive(file.name)) return (await post<{ files: SourceFile[] }>('/archives', file)).files;
      return [{ path, ...ofBytes(new Uint8Array(await file.arrayBuffer())) }];
    }),
  );
  return parts.flat();
}

/** What a file button gave: a file out of a folder keeps its place in that. */
export function chosen(files: Iterable<File>): Found[] {
  return [...files].map((file) => ({ path: file.webkitRelativePath.split('/').slice(1).join('/') || file.name, file }));
}

/** The part of the browser's file system that is needed to walk through what is dropped. */
export interface Entry {
  name: string;
  isFile: boolean;
  file?(done: (file: File) => void, failed: (error: Error) => void): void;
  createReader?(): { readEntries(done: (entries: Entry[]) => void, failed: (error: Error) => void): void };
}

/** Entries of what is dropped; the browser forgets them as soon as the event is over. */
export function entriesOf(items: Iterable<DataTransferItem>): Entry[] {
  return [...items].flatMap((item) => (item.kind === 'file' ? ((item.webkitGetAsEntry() as Entry | null) ?? []) : []));
}

/** All files in what was dropped. A single folder is the program's own: paths begin in it. */
export async function walk(entries: readonly Entry[]): Promise<Found[]> {
  const found: Found[] = [];
  const [only] = entries;
  const isOne = entries.length === 1 && only !== undefined && !only.isFile;
  for (const entry of entries) await collect(entry, isOne ? '' : entry.name, found);
  return found;
}

async function collect(entry: Entry, path: string, found: Found[]): Promise<void> {
  // One more than there may be is enough to say so.
  if (found.length > MAX_FILES || LEFT_OUT.has(entry.name)) return;
  if (entry.isFile) {
    found.push({ path, file: await new Promise((done, failed) => entry.file?.(done, failed)) });
    return;
  }
  const reader = entry.createReader?.();
  for (;;) {
    // A browser gives a hundred at a time.
    const some = await new Promise<Entry[]>((done, failed) => (reader ? reader.readEntries(done, failed) : done([])));
    if (some.length === 0) return;
    for (const one of some) await collect(one, path === '' ? one.name : `${path}/${one.name}`, found);
  }
}
