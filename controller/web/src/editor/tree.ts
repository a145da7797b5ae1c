/** The program's files by their folders. Pure. */

interface Placed {
  path: string;
}

export interface Folder<F extends Placed> {
  name: string;
  /** From the program's own folder, which has none. */
  path: string;
  folders: Folder<F>[];
  files: F[];
  /** The files in it and below. */
  count: number;
}

/** More files than this are a list that is easier to read from top to bottom. */
const MOST_IN_STRIP = 12;
/** Of more, folders are closed until somebody opens them. */
const MOST_OPEN = 60;

export const isTree = (files: readonly Placed[]): boolean => files.length > MOST_IN_STRIP || files.some(({ path }) => path.includes('/'));

/** Folders before files, each in order of their names, numbers as numbers. */
export function treeOf<F extends Placed>(files: readonly F[]): Folder<F> {
  const root: Folder<F> = { name: '', path: '', folders: [], files: [], count: 0 };
  const known = new Map<string, Folder<F>>([['', root]]);
  for (const file of files) {
    const names = file.path.split('/').slice(0, -1);
    let folder = root;
    folder.count += 1;
    for (const name of names) {
      const path = folder.path === '' ? name : `${folder.path}/${name}`;
      let next = known.get(path);
      if (!next) {
        next = { name, path, folders: [], files: [], count: 0 };
        known.set(path, next);
        folder.folders.push(next);
      }
      next.count += 1;
      folder = next;
    }
    folder.files.push(file);
  }
  const order = new Intl.Collator('en', { numeric: true });
  for (const folder of known.values()) {
    folder.folders.sort((a, b) => order.compare(a.name, b.name));
    folder.files.sort((a, b) => order.compare(a.path, b.path));
  }
  return root;
}

/** Whether a folder is open where nobody has said so: those of small programs, and those that the file shown is in. */
export const isOpenAtFirst = (folder: { path: string }, all: number, shown: string | undefined): boolean =>
  all <= MOST_OPEN || (shown?.startsWith(`${folder.path}/`) ?? false);

export const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
