import { expect, test } from 'vitest';
import { isPristine, ofKept, ofSpec, runSpec, sizeOf, testsSpec, toKept, UnclosedQuote, workOf, type Work } from './work';

const two = (): Work => workOf('python', [{ path: 'main.py', content: 'é' }, { path: 'data.bin', base64: '/wA=' }]);

test('a run has the files, the input, the arguments and the limits', () => {
  const work = { ...two(), stdin: '1 2\n', args: '-n "a b"', limits: { cpu: '2', wall: '', memory: '64' } };
  work.main = work.files[0]?.id ?? '';
  expect(runSpec(work)).toEqual({
    language: 'python',
    files: [{ path: 'main.py', content: 'é' }, { path: 'data.bin', base64: '/wA=' }],
    main: 'main.py',
    args: ['-n', 'a b'],
    stdin: '1 2\n',
    limits: { cpu_seconds: 2, memory_bytes: 64 << 20 },
  });
});

test('who types while it runs sends no input beforehand', () => {
  expect(runSpec({ ...two(), stdin: 'x', isInteractive: true }).stdin).toBeUndefined();
});

test('each test is a run of its own', () => {
  const tests = [{ id: 'a', name: 'adds', stdin: '1 2', args: 'x', expected: '3', checker: 'exact' as const }];
  expect(testsSpec({ ...two(), stdin: 'not this', tests })).toMatchObject({
    runs: [{ name: 'adds', stdin: '1 2', args: ['x'], expect: { stdout: '3', checker: 'exact' } }],
  });
  expect(testsSpec({ ...two(), stdin: 'not this', tests }).stdin).toBeUndefined();
});

test('an unclosed quote says whose it is', () => {
  const test = { id: 'a', name: 'adds', stdin: '', args: '"', expected: '', checker: 'exact' as const };
  expect(() => runSpec({ ...two(), args: "'" })).toThrow(UnclosedQuote);
  expect(() => testsSpec({ ...two(), tests: [test] })).toThrow(expect.objectContaining({ quote: '"', test: 'adds' }));
});

test('a job that is opened is the work it came from', () => {
  const work = { ...two(), args: "-n 'a b'", stdin: 'x' };
  work.main = work.files[0]?.id ?? '';
  expect(runSpec(ofSpec(runSpec(work)))).toEqual(runSpec(work));
  work.tests = [{ id: 'a', name: 'adds', stdin: '1', args: '', expected: '3', checker: 'trimmed' }];
  expect(testsSpec(ofSpec(testsSpec(work)))).toEqual(testsSpec(work));
});

test('what is kept comes back', () => {
  const work = two();
  expect(ofKept(toKept(work) ?? '')).toEqual(work);
});

test('what is too large is not kept', () => {
  expect(toKept(workOf('c', [{ path: 'a.c', content: 'x'.repeat(2_100_000) }]))).toBeUndefined();
});

test.each([null, '', '{', '{}', '{"version":0,"work":{}}', '{"version":1,"work":{"files":[]}}', '{"version":1}'])('%j is nothing that was kept', (text) => {
  expect(ofKept(text)).toBeUndefined();
});

test('an example that nobody touched may be replaced, anything else may not', () => {
  const example = workOf('c', [{ path: 'main.c', content: 'int main;' }], 'c');
  expect(isPristine(example)).toBe(true);
  expect(isPristine({ ...example, stdin: 'x' })).toBe(false);
  expect(isPristine({ ...example, example: undefined })).toBe(false);
  expect(isPristine(workOf('c', [{ path: 'main.c', content: '' }]))).toBe(true);
});

test('sizes are those of the bytes', () => {
  expect(two().files.map(sizeOf)).toEqual([2, 2]);
});
