import { afterEach, expect, test, vi } from 'vitest';
import { Problem } from '../shared/api';
import { check, chosen, type Entry, type Found, isArchive, MAX_FILES, read, TooMuch, walk } from './folders';

const file = (name: string, content: BlobPart = '', folder = ''): File => Object.assign(new File([content], name), { webkitRelativePath: folder ? `${folder}/${name}` : '' });
const found = (path: string, content: BlobPart = ''): Found => ({ path, file: file(path, content) });

const leaf = (name: string): Entry => ({ name, isFile: true, file: (done) => done(file(name)) });
function folder(name: string, ...entries: Entry[]): Entry {
  return {
    name,
    isFile: false,
    createReader() {
      const rest = [...entries];
      return { readEntries: (done) => done(rest.splice(0, 2)) };
    },
  };
}

afterEach(() => vi.unstubAllGlobals());

test('a dropped folder is the program: paths begin in it', async () => {
  const dropped = folder('app', leaf('main.py'), folder('lib', leaf('a.py'), leaf('b.py'), leaf('c.py')), folder('.git', leaf('HEAD')));
  const { files, left } = await walk([dropped]);
  expect(left).toEqual(['.git']);
  expect(files.map(({ path }) => path)).toEqual(['main.py', 'lib/a.py', 'lib/b.py', 'lib/c.py']);
});

test('of several things that are dropped, folders keep their names', async () => {
  expect((await walk([folder('lib', leaf('a.py')), leaf('main.py')])).files.map(({ path }) => path)).toEqual(['lib/a.py', 'main.py']);
});

test('no more files are looked for than there may be', async () => {
  const many = folder('big', ...Array.from({ length: MAX_FILES + 500 }, (_, index) => leaf(`${index}`)));
  const { files: all } = await walk([many]);
  expect(all).toHaveLength(MAX_FILES + 1);
  expect(() => check(all, undefined)).toThrow(TooMuch);
});

test('a chosen folder keeps its inner paths', () => {
  expect(chosen([file('a.py', '', 'app/lib'), file('main.py', '', 'app'), file('x.txt')]).files.map(({ path }) => path)).toEqual(['lib/a.py', 'main.py', 'x.txt']);
});

test('what is hidden, or belongs to other programs, is left out of folders and named; chosen by itself, it is wanted', () => {
  const files = [file('main.js', '', 'app'), file('y.js', '', 'app/node_modules/x'), file('HEAD', '', 'app/.git'), file('config', '', 'app/a/.git'), file('.env')];
  const { files: found, left } = chosen(files);
  expect(found.map(({ path }) => path)).toEqual(['main.js', '.env']);
  expect(left).toEqual(['node_modules', '.git']);
});

test('too many bytes are not even read', () => {
  expect(() => check([found('a', '12345'), found('b', '12345')], 9)).toThrow(expect.objectContaining({ what: 'bytes', amount: 10, most: 9 }));
  expect(() => check([found('a', '12345')], 5)).not.toThrow();
});

test('archives are known by their names', () => {
  expect(['a.zip', 'A.ZIP', 'a.tar', 'a.tar.gz', 'a.tgz', 'a.gz', 'zip', 'a.jar'].map(isArchive)).toEqual([true, true, true, true, true, false, false, false]);
});

test('an archive is opened by the controller, other files by the page', async () => {
  const fetched = vi.fn((_: string, __: RequestInit) => Promise.resolve(Response.json({ files: [{ path: 'src/a.c', content: 'x' }] })));
  vi.stubGlobal('fetch', fetched);
  expect(await read([found('b.txt', 'é'), found('code.zip', 'PK'), found('c.bin', new Uint8Array([255, 0]))])).toEqual([
    { path: 'b.txt', content: 'é' },
    { path: 'src/a.c', content: 'x' },
    { path: 'c.bin', base64: '/wA=' },
  ]);
  const [path, { body, headers }] = fetched.mock.calls[0] as [string, RequestInit];
  expect(path).toBe('/api/v1/archives');
  expect(body).toBeInstanceOf(File);
  expect(headers).toMatchObject({ 'content-type': 'application/octet-stream', 'x-ruche': '1' });
});

test('a refused archive says which entry is at fault', async () => {
  vi.stubGlobal('fetch', () => Promise.resolve(Response.json({ status: 422, detail: '"../x" leads out of the archive' }, { status: 422 })));
  await expect(read([found('bad.zip')])).rejects.toThrow(Problem);
  await expect(read([found('bad.zip')])).rejects.toThrow('"../x"');
});
