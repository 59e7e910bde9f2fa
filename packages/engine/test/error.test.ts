import { expect, it } from 'vitest';
import { MicaError, systemHint, told, wrapSystemError } from '../src/error.ts';

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

it('a quota that is used up is told as one, though libuv has no name for it', () => {
  const code = 'Unknown system error -122';
  const raw = Object.assign(new Error(`${code}: ${code}, write`), { code, syscall: 'write' });
  expect(wrapSystemError(raw, 'write', 'the layer')).toMatchObject({
    code: 'no-space',
    message: 'write the layer: disk quota exceeded',
    hint: expect.stringMatching(/quota/),
  });
});

it.each([
  ["EIO: i/o error, scandir '/store/x'", 'scandir', 'EIO', 'read /store/x: i/o error', /dmesg/],
  ["ENOLCK: Unknown system error -37, flock '/store/x'", 'flock', 'ENOLCK', 'lock /store/x: no locks available', /NFS/],
  [
    "EBUSY: resource busy or locked, unlink '/store/x'",
    'unlink',
    'EBUSY',
    'remove /store/x: resource busy or locked',
    /try again/,
  ],
  [", Unknown error: Input/output error '/store/x'", 'rm', '', 'remove /store/x: input/output error', /dmesg/],
])('what the system refused about a path and nobody wrapped: %s', (text, syscall, code, message, hint) => {
  const raw = Object.assign(new Error(text), { code, syscall, path: '/store/x' });
  expect(told(raw)).toMatchObject({ message, hint: expect.stringMatching(hint), subject: '/store/x', cause: raw });
});

it('of no path: as it is, for it does not say what it is about', () => {
  const raw = Object.assign(new Error('ECONNREFUSED'), { code: 'ECONNREFUSED', syscall: 'connect' });
  expect(told(raw)).toBe(raw);
});

it('a failure of an open file is told without the name of the call', () => {
  const raw = Object.assign(new Error('EFBIG: file too large, write'), { code: 'EFBIG', syscall: 'write' });
  expect(wrapSystemError(raw, 'write', 'the layer').message).toBe('write the layer: file too large');
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
