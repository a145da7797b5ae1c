import { expect, test } from 'vitest';
import { Input } from './input';

const text = (pieces: (Uint8Array | 'end')[]): string[] => pieces.map((piece) => (piece === 'end' ? 'END' : new TextDecoder().decode(piece)));

test('what is typed is sent once', () => {
  const input = new Input();
  input.add('one\n');
  expect(text(input.next())).toEqual(['one\n']);
  expect(input.next()).toEqual([]);
  input.add('two\n');
  input.acknowledge(4);
  expect(text(input.next())).toEqual(['two\n']);
});

test('after a cut, what the controller does not have is sent again', () => {
  const input = new Input();
  input.add('one two');
  input.next();
  input.reconnect();
  input.acknowledge(4);
  expect(text(input.next())).toEqual(['two']);
});

test('the end comes behind everything, and nothing behind it', () => {
  const input = new Input();
  input.add('x');
  input.end();
  input.add('late');
  expect(text(input.next())).toEqual(['x', 'END']);
  expect(input.next()).toEqual([]);
  input.reconnect();
  expect(text(input.next())).toEqual(['x', 'END']);
});

test('no more is on its way than the controller takes', () => {
  const input = new Input();
  input.add('x'.repeat(100_000));
  input.end();
  const size = (): number => input.next().reduce((sum, piece) => sum + piece.length, 0);
  expect(size()).toBe(65_536);
  expect(size()).toBe(0);
  input.acknowledge(65_536);
  expect(size()).toBe(100_000 - 65_536 + 'end'.length);
});
