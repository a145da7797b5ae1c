import { expect, test } from 'vitest';
import { firstJudge, isUntouched } from './judges';

test('a judge begins as an example in its language, or empty', () => {
  expect(firstJudge('checker', { id: 'python', extensions: ['py'] }).files).toEqual([{ path: 'main.py', content: expect.stringContaining('sys.argv') as string }]);
  expect(firstJudge('interactor', { id: 'cpp20', extensions: ['cpp'] }).files[0]?.content).toContain('std::cin');
  expect(firstJudge('checker', { id: 'java', extensions: ['java'] })).toEqual({ language: 'java', files: [{ path: 'Main.java', content: '' }] });
});

test('what somebody wrote is never taken for an example', () => {
  const judge = firstJudge('checker', { id: 'python', extensions: ['py'] });
  expect(isUntouched('checker', judge)).toBe(true);
  expect(isUntouched('interactor', judge)).toBe(false);
  expect(isUntouched('checker', { ...judge, files: [{ path: 'main.py', content: 'mine' }] })).toBe(false);
  expect(isUntouched('checker', { ...judge, files: [...judge.files, { path: 'more.py', content: '' }] })).toBe(false);
});
