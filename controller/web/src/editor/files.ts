/** Files that come from the outside, and their names. */

import { ofBytes } from '../shared/content';
import type { LanguageInfo, SourceFile } from '../shared/types';

/** Reads what was chosen or dropped. The file itself is never written to. */
export function read(files: readonly File[]): Promise<SourceFile[]> {
  return Promise.all(
    files.map(async (file) => ({
      path: pathOf(file),
      ...ofBytes(new Uint8Array(await file.arrayBuffer())),
    })),
  );
}

/** A file out of a folder keeps its place in that. */
function pathOf(file: File): string {
  return file.webkitRelativePath.split('/').slice(1).join('/') || file.name;
}

export const extension = (path: string): string => /\.([^./]+)$/.exec(path)?.[1] ?? '';

/** The language whose files are called so. */
export function languageOf(paths: readonly string[], languages: readonly LanguageInfo[]): LanguageInfo | undefined {
  for (const path of paths) {
    const found = languages.find((language) => language.extensions.includes(extension(path)));
    if (found) return found;
  }
  return undefined;
}

/** A name like this one that none of the others has: `main-2.py`. */
export function unused(path: string, others: readonly string[]): string {
  if (!others.includes(path)) return path;
  const end = extension(path);
  const stem = end ? path.slice(0, -end.length - 1) : path;
  for (let number = 2; ; number += 1) {
    const name = `${stem}-${number}${end ? `.${end}` : ''}`;
    if (!others.includes(name)) return name;
  }
}

export type NameFault = 'empty' | 'taken' | 'long' | 'wrong';

/** Why a file cannot be called so, by the rules of the controller. */
export function faultOf(path: string, others: readonly string[]): NameFault | undefined {
  if (path === '') return 'empty';
  if (new TextEncoder().encode(path).length > 255) return 'long';
  if (path.startsWith('/') || path.includes('\0') || path.split('/').some((name) => ['', '.', '..'].includes(name))) return 'wrong';
  return others.includes(path) ? 'taken' : undefined;
}
