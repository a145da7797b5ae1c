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

/** What is in a folder beside hidden files, and nobody wants to send. */
const LEFT_OUT = new Set(['__MACOSX', '__pycache__', 'node_modules']);

const isLeftOut = (name: string): boolean => name.startsWith('.') || LEFT_OUT.has(name);

/** What is chosen, and the names in folders that are left out. */
export interface Choice {
  files: Found[];
  left: string[];
}

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
export function chosen(files: Iterable<File>): Choice {
  const left = new Set<string>();
  const found: Found[] = [];
  for (const file of files) {
    const names = file.webkitRelativePath.split('/').slice(1);
    const hidden = names.find(isLeftOut);
    if (hidden === undefined) found.push({ path: names.join('/') || file.name, file });
    else left.add(hidden);
  }
  return { files: found, left: [...left] };
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
export async function walk(entries: readonly Entry[]): Promise<Choice> {
  const found: Found[] = [];
  const left = new Set<string>();
  const collect = async (entry: Entry, path: string): Promise<void> => {
    // One more than there may be is enough to say so.
    if (found.length > MAX_FILES) return;
    if (entry.isFile) found.push({ path, file: await new Promise((done, failed) => entry.file?.(done, failed)) });
    else {
      for (const one of await inside(entry)) {
        if (isLeftOut(one.name)) left.add(one.name);
        else await collect(one, path === '' ? one.name : `${path}/${one.name}`);
      }
    }
  };
  const [only] = entries;
  const isOne = entries.length === 1 && only !== undefined && !only.isFile;
  for (const entry of entries) await collect(entry, isOne ? '' : entry.name);
  return { files: found, left: [...left] };
}

/** What is in a folder; a browser tells a hundred at a time. */
async function inside(folder: Entry): Promise<Entry[]> {
  const all: Entry[] = [];
  const reader = folder.createReader?.();
  if (!reader) return all;
  for (;;) {
    const some = await new Promise<Entry[]>((done, failed) => reader.readEntries(done, failed));
    if (some.length === 0) return all;
    all.push(...some);
  }
}
