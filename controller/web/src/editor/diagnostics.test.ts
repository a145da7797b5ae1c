import { expect, test } from 'vitest';
import { diagnostics, fileNamed, mention } from './diagnostics';

const brief = (output: string, paths: string[]): string[] =>
  diagnostics(output, paths).map((one) => `${one.severity} ${one.path}:${one.line}:${one.column ?? '-'} ${one.message}`);

test('gcc', () => {
  const output = [
    "main.c: In function 'main':",
    "main.c:4:13: error: expected ';' before 'return'",
    '    4 |     int x = 1',
    '      |             ^',
    "util.h:2:1: warning: unused variable 'y' [-Wunused-variable]",
    "main.c:9:3: note: each undeclared identifier is reported only once",
    '/usr/include/stdio.h:33:10: error: not ours',
  ].join('\n');
  expect(brief(output, ['main.c', 'util.h'])).toEqual([
    "error main.c:4:13 expected ';' before 'return'",
    "warning util.h:2:1 unused variable 'y' [-Wunused-variable]",
    'info main.c:9:3 each undeclared identifier is reported only once',
  ]);
});

test('javac: the column is where the caret stands', () => {
  const output = ["Main.java:3: error: ';' expected", '    int x = 1', '             ^', '1 error'].join('\n');
  expect(brief(output, ['Main.java'])).toEqual(["error Main.java:3:14 ';' expected"]);
});

test('a Python traceback: the innermost place in the program', () => {
  const output = [
    'Traceback (most recent call last):',
    '  File "/work/main.py", line 7, in <module>',
    '    helper()',
    '  File "/work/lib/helper.py", line 2, in helper',
    '    return json.loads("")',
    '  File "/usr/lib/python3.11/json/__init__.py", line 346, in loads',
    '    return _default_decoder.decode(s)',
    'json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)',
  ].join('\n');
  expect(brief(output, ['main.py', 'lib/helper.py'])).toEqual([
    'error lib/helper.py:2:- json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)',
  ]);
});

test('a Python syntax error', () => {
  const output = ['  File "main.py", line 1', '    print(', '         ^', "SyntaxError: '(' was never closed"].join('\n');
  expect(brief(output, ['main.py'])).toEqual(["error main.py:1:- SyntaxError: '(' was never closed"]);
});

test('a Java exception: the innermost frame in the program', () => {
  const output = [
    'Exception in thread "main" java.lang.NumberFormatException: For input string: "x"',
    '\tat java.base/java.lang.Integer.parseInt(Integer.java:652)',
    '\tat Main.main(Main.java:5)',
  ].join('\n');
  expect(brief(output, ['Main.java'])).toEqual(['error Main.java:5:- java.lang.NumberFormatException: For input string: "x"']);
});

test('any other compiler that names file and line', () => {
  expect(brief('./main.go:3:2: undefined: x\nnothing\nmain.go:4: Warning, odd', ['main.go'])).toEqual([
    'error main.go:3:2 undefined: x',
    'warning main.go:4:- Warning, odd',
  ]);
});

test('what only looks like a place is none', () => {
  expect(brief('12:30:15 the time\nother.c:3:1: error: not ours', ['main.c'])).toEqual([]);
  expect(mention('at 10:20', ['main.c'])).toBeUndefined();
});

test('files are known by their name and behind a folder', () => {
  expect(fileNamed('/work/a/b.py', ['b.py', 'a/b.py'])).toBe('a/b.py');
  expect(fileNamed('a/b.py', ['b.py', 'a/b.py'])).toBe('a/b.py');
  expect(fileNamed('ab.py', ['b.py'])).toBeUndefined();
});

test('a mention says where in the line it is', () => {
  expect(mention('\tat Main.main(Main.java:5)', ['Main.java'])).toEqual({ path: 'Main.java', line: 5, column: undefined, from: 14, to: 25 });
  expect(mention('  File "/work/main.py", line 12, in f', ['main.py'])).toMatchObject({ line: 12, from: 2, to: 31 });
});

test('hostile output takes no time', () => {
  const start = performance.now();
  diagnostics(`${'a:'.repeat(100_000)}\n${'File "'.repeat(10_000)}\n`.repeat(3) + ' '.repeat(50_000), ['main.c']);
  diagnostics(`${' '.repeat(1900)}x\n`.repeat(2000), ['main.c']);
  expect(performance.now() - start).toBeLessThan(1000);
});
