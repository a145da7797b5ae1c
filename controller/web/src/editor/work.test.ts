import { expect, test } from 'vitest';
import { newTest, UnclosedQuote } from './tests';
import { contentBytes, isPristine, ofKept, ofSpec, runSpec, sizeOf, testsSpec, toKept, workOf, type Work } from './work';

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

test('a terminal has a size, where somebody types at one', () => {
  const size = { rows: 30, columns: 100 };
  expect(runSpec({ ...two(), isInteractive: true, isTerminal: true }, size).terminal).toEqual(size);
  expect(runSpec({ ...two(), isInteractive: true }, size).terminal).toBeUndefined();
  expect(runSpec({ ...two(), isTerminal: true }, size).terminal).toBeUndefined();
});

test('files to keep are patterns, written as in a shell', () => {
  expect(runSpec({ ...two(), artifacts: `*.png "a b/**"` }).artifacts).toEqual(['*.png', 'a b/**']);
  expect(runSpec(two()).artifacts).toBeUndefined();
  expect(() => runSpec({ ...two(), artifacts: '"' })).toThrow(expect.objectContaining({ line: 'artifacts' }));
});

test('each test is a run of its own', () => {
  const tests = [newTest({ name: 'adds', stdin: '1 2', args: 'x', expected: '3' })];
  const spec = testsSpec({ ...two(), stdin: 'not this', tests });
  expect(spec.runs).toEqual([{ name: 'adds', stdin: '1 2', args: ['x'], expect: { stdout: '3', checker: 'trimmed' } }]);
  expect(spec.stdin).toBeUndefined();
});

test('an unclosed quote says whose it is', () => {
  expect(() => runSpec({ ...two(), args: "'" })).toThrow(UnclosedQuote);
  expect(() => testsSpec({ ...two(), tests: [newTest({ name: 'adds', args: '"' })] })).toThrow(expect.objectContaining({ quote: '"', test: 'adds' }));
});

test('a job that is opened is the work it came from', () => {
  const work = { ...two(), args: "-n 'a b'", stdin: 'x' };
  work.main = work.files[0]?.id ?? '';
  expect(runSpec(ofSpec(runSpec(work)))).toEqual(runSpec(work));
  work.artifacts = `*.png 'a b'`;
  work.tests = [newTest({ name: 'adds', stdin: '1', expected: '3' })];
  expect(testsSpec(ofSpec(testsSpec(work)))).toEqual(testsSpec(work));
});

test('what is kept comes back', () => {
  const work = two();
  expect(ofKept(toKept(work) ?? '')).toEqual(work);
});

test('what an earlier version kept is understood', () => {
  const { judging: _judging, artifacts: _artifacts, ...old } = two();
  const tests = [{ id: 'a', name: 'one', stdin: '1', args: '', expected: '2', checker: 'exact' }, { id: 'b', name: 'two', stdin: '', args: '', expected: '', checker: 'trimmed' }];
  const work = ofKept(JSON.stringify({ version: 1, work: { ...old, tests } }));
  expect(work?.tests.map(({ id, name, rule, weight }) => [id, name, rule?.kind, weight])).toEqual([['a', 'one', 'exact', ''], ['b', 'two', undefined, '']]);
  expect(work?.judging).toEqual(two().judging);
});

test('what is too large is not kept', () => {
  expect(toKept({ ...two(), tests: [newTest({ name: 'big', stdin: 'x'.repeat(2_100_000) })] })).toBeUndefined();
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

test('all contents of a job count for its size', () => {
  const spec = testsSpec({ ...two(), tests: [newTest({ name: 'a', stdin: '12', expected: 'é' })] });
  expect(contentBytes({ ...spec, checker: { language: 'python', files: [{ path: 'c.py', content: '123' }] } })).toBe(2 + 2 + 2 + 2 + 3);
});
