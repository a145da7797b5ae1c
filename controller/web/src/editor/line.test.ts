import { expect, test } from 'vitest';
import { LineEditor } from './line';

const LEFT = '\x1b[D';
const UP = '\x1b[A';
const HOME = '\x1b[H';
const BACKSPACE = '\x7f';

/** What the program gets where this is typed. */
const sent = (...typed: string[]): unknown[] => {
  const editor = new LineEditor();
  return typed.flatMap((keys) => editor.type(keys).deeds).map((deed) => (deed.type === 'send' ? deed.text : deed.type));
};

test('a line is sent with Enter, not before', () => {
  const editor = new LineEditor();
  expect(editor.type('Ada')).toEqual({ echo: expect.stringContaining('A'), deeds: [] });
  expect(editor.type('\r').deeds).toEqual([{ type: 'send', text: 'Ada\n' }]);
  expect(editor.type('\r').deeds).toEqual([{ type: 'send', text: '\n' }]);
});

test.each([
  [['Adx', BACKSPACE, 'a\r'], 'Ada\n'],
  [[BACKSPACE, 'x\r'], 'x\n'],
  [['Aa', LEFT, 'd\r'], 'Ada\n'],
  [['da', HOME, 'A\r'], 'Ada\n'],
  [['xda', HOME, '\x1b[3~', 'A\r'], 'Ada\n'],
  [['wrong\x15right\r'], 'right\n'],
  [['right wrong', ...Array<string>(6).fill(LEFT), '\x0b\r'], 'right\n'],
  [['é😀', BACKSPACE, '\r'], 'é\n'],
])('the line can be edited: %j', (typed, line) => {
  expect(sent(...typed)).toEqual([line]);
});

test('several pasted lines are several', () => {
  expect(sent('one\rtwo\r\nthree\nfour')).toEqual(['one\n', 'two\n', 'three\n']);
});

test('Ctrl+D ends the input, and within a line sends what there is', () => {
  expect(sent('\x04')).toEqual(['end']);
  expect(sent('half\x04', '\x04')).toEqual(['half', 'end']);
});

test('Ctrl+C stops, and the line is gone', () => {
  expect(sent('half\x03', 'x\r')).toEqual(['stop', 'x\n']);
});

test('lines sent before come back', () => {
  expect(sent('one\r', 'two\r', UP, UP, '\r')).toEqual(['one\n', 'two\n', 'one\n']);
  expect(sent('one\r', UP, '\x1b[B', '\r')).toEqual(['one\n', '\n']);
});

test('other keys do nothing', () => {
  expect(sent('a\x1b[5~\x1bOP\x00\x07b\r')).toEqual(['ab\n']);
});

test('a program that asks the terminal something types nothing by that', () => {
  expect(sent('a\x1b[?1;2c\x1bP1$r0m\x1b\\\x1b]10;rgb:ff/ff/ff\x07b\r')).toEqual(['ab\n']);
});

test('output that comes while somebody types goes before the line', () => {
  const editor = new LineEditor();
  editor.type('日a');
  expect(editor.around()).toEqual({ before: '\x1b[3D\x1b[J', after: '日a' });
  editor.type(LEFT);
  expect(editor.around()).toEqual({ before: '\x1b[2D\x1b[J', after: '日a\x1b[1D' });
  editor.type('\r');
  expect(editor.around()).toEqual({ before: '', after: '' });
});
