import { expect, it } from 'vitest';
import { MicaError, systemHint, wrapSystemError } from '../src/error.ts';

it("what to do next: the thrower's word, else what is usual; none for who interrupted it", () => {
  expect(new MicaError('conflict', 'no', { hint: 'own' }).hint).toBe('own');
  expect(new MicaError('no-such-container', 'no').hint).toBe('mica ps -a lists them');
  expect(new MicaError('aborted', 'no').hint).toBeUndefined();
});

it.each([-74, -117])('a damaged file system is told as that, though libuv has no name for %d', (number) => {
  const code = `Unknown system error ${number}`;
  const raw = Object.assign(new Error(`${code}: ${code}, open '/store/blobs/a'`), { code, syscall: 'open' });
  expect(wrapSystemError(raw, 'read', 'blob a')).toMatchObject({
    code: 'system-call',
    message: 'read blob a: the file system is damaged',
    hint: expect.stringMatching(/fsck/),
  });
});

it('what the system refused and nobody wrapped: a word of what to do, where there is one', () => {
  const raw = (code: string) => Object.assign(new Error(code), { code, syscall: 'open' });
  expect(systemHint(raw('EMFILE'))).toMatch(/ulimit -n/);
  expect(systemHint(raw('EIO'))).toMatch(/dmesg/);
  expect(systemHint(raw('EPIPE'))).toBeUndefined();
  expect(systemHint(new Error('of our own'))).toBeUndefined();
});

it.each([
  'ENOENT',
  'EACCES',
  'ENOSPC',
  'ELOOP',
  'ENOTDIR',
  'EISDIR',
  'ENAMETOOLONG',
  'EROFS',
  'EMFILE',
  'EFBIG',
  'EIO',
])('%s', (code) => {
  const error = Object.assign(new Error(`${code}: so it is, open '/a'`), { code, syscall: 'open' });
  const { message, hint } = wrapSystemError(error, 'copy to', '/a');
  expect(message).toMatch(/^copy to \/a: /);
  expect(hint).toMatch(/./);
});
