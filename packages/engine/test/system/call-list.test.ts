import { closeSync, constants, mkdtempSync, openSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { callCode, placeCode } from '../../src/system/call-code.ts';
import { CALL, CallList, putLong } from '../../src/system/call-list.ts';
import { addressOf, cString } from '../../src/system/library.ts';
import { setXattr } from '../../src/system/xattr.ts';
import { codePages } from '../support/code-pages.ts';

let dir: string;
let fd: number;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'mica-calls-'));
  for (const name of ['a', 'b', 'c']) writeFileSync(join(dir, name), name.repeat(300));
  setXattr(join(dir, 'b'), 'user.x', Buffer.from('y'));
  fd = openSync(dir, 'r');
});
afterAll(() => {
  closeSync(fd);
  rmSync(dir, { recursive: true });
});

const descriptors = () => readdirSync('/proc/self/fd').length;
const set = (calls: CallList, n: number, ...values: number[]) => {
  for (const [i, value] of values.entries()) putLong(calls.words, n * CALL.words + CALL.arguments + i * 2, value);
};
/** What each returned. */
function made(calls: CallList, count: number): number[] {
  calls.run(count);
  return Array.from({ length: count }, (_, n) => calls.result(n));
}
const NOFOLLOW = 0x100;
const { ENOENT, EBADF } = { ENOENT: 2, EBADF: 9 };

it('this processor has code of its own, or is none that is known to', () => {
  expect(callCode() !== null).toBe(process.arch === 'x64');
});

describe.each([
  ['by the code', callCode()],
  ['by the C library', null],
] as const)('calls made %s', (_, code) => {
  const names = ['a', 'gone', 'b', 'c'].map(cString);
  const at = names.map(addressOf);

  it('open, look, list and read as the kernel does, each with its own result', () => {
    const before = descriptors();
    const opens = new CallList('openat', 4, code);
    opens.fill(2, constants.O_RDONLY | 0o2000000);
    for (const [n, name] of at.entries()) set(opens, n, fd, name);
    const opened = made(opens, 4);
    expect(opened.map((one) => Math.min(one, 0))).toEqual([0, -ENOENT, 0, 0]);

    const stats = new CallList('statx', 4, code);
    const out = Buffer.alloc(4 * 256);
    for (const [n, name] of at.entries()) set(stats, n, fd, name, NOFOLLOW, 0x7ff, addressOf(out) + n * 256);
    expect(made(stats, 4)).toEqual([0, -ENOENT, 0, 0]);
    expect([0, 1, 2, 3].map((n) => Number(out.readBigUInt64LE(n * 256 + 40)))).toEqual([300, 0, 300, 300]);

    const lists = new CallList('flistxattr', 4, code);
    for (const [n, one] of opened.entries()) lists.words[n * CALL.words + CALL.arguments] = one;
    expect(made(lists, 4)).toEqual([0, -EBADF, 'user.x'.length + 1, 0]);
    const byName = new CallList('listxattrat', 4, code);
    for (const [n, name] of at.entries()) set(byName, n, fd, name, NOFOLLOW);
    const told = made(byName, 4);
    // Linux 6.13 has the call.
    if (told[0] !== -38) expect(told).toEqual([0, -ENOENT, 'user.x'.length + 1, 0]);

    const reads = new CallList('preadv2', 4, code);
    const into = Buffer.alloc(1000);
    const iovecs = new BigUint64Array(new ArrayBuffer(4 * 16));
    for (const [n, one] of opened.entries()) {
      iovecs.set([BigInt(addressOf(into) + n * 250), 200n], n * 2);
      set(reads, n, 0, addressOf(iovecs) + n * 16, 1, 100);
      reads.words[n * CALL.words + CALL.arguments] = one;
    }
    expect(made(reads, 4)).toEqual([200, -EBADF, 200, 200]);
    expect(into.toString()).toBe(['a', '\0', 'b', 'c'].map((c) => c.repeat(200) + '\0'.repeat(50)).join(''));

    for (const one of opened) if (one >= 0) closeSync(one);
    expect(descriptors()).toBe(before);
  });

  it('more than there is room for are refused', () => {
    for (const count of [5, -1, Number.NaN])
      expect(() => new CallList('flistxattr', 4, code).run(count)).toThrow(RangeError);
  });

  it('no more are made than asked for, and none that was not', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(3), { maxLength: 8 }), fc.nat(8), (which, most) => {
        const count = Math.min(most, which.length);
        const stats = new CallList('statx', 8, code);
        const out = Buffer.alloc(8 * 256, 0xee);
        for (const [n, name] of which.entries())
          set(stats, n, fd, at[name] as number, NOFOLLOW, 0x7ff, addressOf(out) + n * 256);
        expect(made(stats, count)).toEqual(which.slice(0, count).map((name) => (name === 1 ? -ENOENT : 0)));
        for (let n = 0; n < 8; n++) {
          const isAsked = n < count && which[n] !== 1;
          expect(out.subarray(n * 256, n * 256 + 256).every((byte) => byte === 0xee)).toBe(!isAsked);
        }
      }),
      { numRuns: 50 },
    );
  });
});

it('where there is no memory for it there is no code', () => {
  expect(placeCode(Uint8Array.of(0xc3), 2 ** 60)).toBe(0);
});

it('the code lies in a page that cannot be written to', () => {
  callCode();
  expect(codePages('rwxp')).toBe(0);
  expect(codePages('r-xp')).toBe(process.arch === 'x64' ? 1 : 0);
});
