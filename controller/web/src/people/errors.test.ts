import { describe, expect, test } from 'vitest';
import type { Job, JobSummary, StepResult, Verdict } from '../shared/types';
import { failure, group, isFailing, keyOf, normalise } from './errors';

const step = (given: Partial<StepResult>): StepResult => ({
  verdict: 'ok',
  truncated: false,
  flags: [],
  usage: { cpu_ms: 1, wall_ms: 1, memory_bytes: 1 },
  ...given,
});

const job = (verdict: Verdict, given: Partial<Job>): Job => ({
  id: '1',
  state: 'finished',
  verdict,
  language: 'python',
  attempts: 1,
  queued_at: '2026-01-01T00:00:00Z',
  runs: [],
  ...given,
});

const python = (text: string): Job => job('runtime_error', { runs: [step({ verdict: 'runtime_error', exit_code: 1, stderr: text })] });
const line = (of: Job): string => failure(of).line;

describe('the line that says what went wrong', () => {
  test('python: the last line of the traceback, not where it was', () => {
    const text = 'Traceback (most recent call last):\n  File "/box/main.py", line 3, in <module>\n    f(0)\n  File "/box/main.py", line 2, in f\n    return 1 / x\nZeroDivisionError: division by zero\n';
    expect(line(python(text))).toBe('ZeroDivisionError: division by zero');
  });

  test('python: what the program wrote itself before does not count', () => {
    const text = 'Error: I am only a message\nTraceback (most recent call last):\n  File "a.py", line 1, in <module>\nNameError: name \'x\' is not defined\n';
    expect(line(python(text))).toBe("NameError: name 'x' is not defined");
  });

  test('python: a syntax error says the same wherever it is', () => {
    const at = (number: number): string => `  File "/box/main.py", line ${number}\n    if x\n        ^\nSyntaxError: unmatched ')' (main.py, line ${number})\n`;
    expect(line(python(at(3)))).toBe(line(python(at(40))));
  });

  test('gcc and javac: the first error, without warnings before it and without its place', () => {
    const gcc = "main.c: In function 'main':\nmain.c:2:3: warning: unused variable 'y' [-Wunused-variable]\nmain.c:3:5: error: 'x' undeclared (first use in this function)\nmain.c:9:1: error: expected '}'\n";
    const javac = "Main.java:3: error: ';' expected\n    int x = 1\n             ^\n1 error\n";
    const compile = (stderr: string): Job => job('compile_error', { compile: step({ verdict: 'compile_error', stderr }) });
    expect(line(compile(gcc))).toBe("error: 'x' undeclared (first use in this function)");
    expect(line(compile(javac))).toBe("error: ';' expected");
    const linker = "/usr/bin/ld: /tmp/ccAbC123.o: in function `main':\nmain.c:(.text+0x13): undefined reference to `foo'\ncollect2: error: ld returned 1 exit status\n";
    expect(line(compile(linker))).toBe("undefined reference to `foo'");
  });

  test('java: the exception, not the thread and the frames', () => {
    const text = 'Exception in thread "main" java.lang.ArithmeticException: / by zero\n\tat Main.main(Main.java:3)\n';
    expect(line(python(text))).toBe('java.lang.ArithmeticException: / by zero');
  });

  test('a program that crashed: its signal', () => {
    const crashed = job('runtime_error', { runs: [step({ verdict: 'runtime_error', signal: 11 })] });
    expect(line(crashed)).toBe('SIGSEGV');
  });

  test('a wrong answer: the test that was not passed', () => {
    const runs = [step({ name: 'small' }), step({ name: 'large', verdict: 'wrong_answer' })];
    expect(line(job('wrong_answer', { runs }))).toBe('large');
  });

  test('a limit says everything by its verdict', () => {
    expect(failure(job('cpu_time_exceeded', { runs: [step({ verdict: 'cpu_time_exceeded', stderr: 'x' })] }))).toEqual({ verdict: 'cpu_time_exceeded', line: '' });
  });

  test('bytes and colours are no obstacle', () => {
    const base64 = btoa('\u001b[31mmain.c:1:1: error: no\u001b[0m\n');
    expect(line(job('compile_error', { compile: step({ verdict: 'compile_error', stderr: { base64 } }) }))).toBe('error: no');
  });
});

describe('normalised', () => {
  test.each([
    ['/box/main.py:3: oh', 'oh'],
    ["FileNotFoundError: [Errno 2] No such file or directory: '/home/ada/data.txt'", "FileNotFoundError: [Errno 2] No such file or directory: 'data.txt'"],
    ['segfault at 0x7ffe12ab in 0xDEADBEEF', 'segfault at 0x… in 0x…'],
    ['bad thing on line 12', 'bad thing'],
    ["KeyError: 'a-very-long-key-that-nobody-wants-to-read-in-a-table'", "KeyError: 'a-very-long-key-that-no…'"],
    ['  a   b\t c ', 'a b c'],
    ['java.lang.ArithmeticException: / by zero', 'java.lang.ArithmeticException: / by zero'],
    ['', ''],
  ])('%j', (raw, expected) => expect(normalise(raw)).toBe(expected));

  test('nothing that somebody writes makes it slow or long', () => {
    for (const raw of ['/'.repeat(100_000), "'".repeat(100_000), 'a.'.repeat(100_000), ' '.repeat(100_000) + 'x']) {
      const start = performance.now();
      expect(normalise(raw).length).toBeLessThanOrEqual(160);
      expect(performance.now() - start).toBeLessThan(200);
    }
  });
});

describe('grouped', () => {
  const summary = (id: string, owner: string, minute: number): JobSummary => ({
    ...{ id, owner, state: 'finished', verdict: 'runtime_error', language: 'python', attempts: 1 },
    ...{ usage: { cpu_ms: 0, wall_ms: 0, memory_bytes: 0 }, queued_at: `2026-01-01T00:0${minute}:00Z` },
  });

  test('what most ran into is first, with everybody once', () => {
    const jobs = [summary('1', 'ada', 1), summary('2', 'bob', 2), summary('3', 'ada', 3), summary('4', 'cy', 4), summary('5', 'cy', 5)];
    const index: Record<string, string> = { 1: 'IndexError: 5 of 3', 2: 'IndexError: 7 of 3', 3: 'IndexError: 9 of 3', 4: 'other' };
    const groups = group(jobs, (id) => (index[id] ? { verdict: 'runtime_error', line: index[id] } : undefined));
    expect(groups.map(({ line: said, people, jobs: theirs }) => [said, people, theirs.length])).toEqual([
      ['IndexError: 9 of 3', ['ada', 'bob'], 3],
      ['other', ['cy'], 1],
    ]);
  });

  test('the same words with another verdict are another mistake', () => {
    expect(keyOf({ verdict: 'compile_error', line: 'x' })).not.toBe(keyOf({ verdict: 'runtime_error', line: 'x' }));
  });

  test('what was stopped is no mistake', () => {
    expect([isFailing({ verdict: 'cancelled' }), isFailing({ verdict: 'ok' }), isFailing({ verdict: 'wrong_answer' }), isFailing({})]).toEqual([false, false, true, false]);
  });
});
