import { createHash } from 'node:crypto';
import { Core, type HashEngine, KernelError, NativeHash } from '@mica/core-wasm';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { nativeHash, OpensslHash } from '../../src/hash/openssl-hash.ts';
import { sha256 } from '../../src/hash/sha256.ts';

const openssl = new OpensslHash();
const wasm = new Core().hash;
const oracle = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

it("is what this Node's own OpenSSL gives", () => {
  expect(nativeHash()).toBeInstanceOf(OpensslHash);
});

it('any bytes in any chunks, of any buffer, have the digest that node:crypto gives', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 }), fc.boolean(), (chunks, shared) => {
      const hasher = openssl.create();
      for (const chunk of chunks) {
        const bytes = shared
          ? new Uint8Array(new SharedArrayBuffer(chunk.length + 9)).subarray(5, 5 + chunk.length)
          : chunk;
        bytes.set(chunk);
        hasher.update(bytes);
      }
      const whole = Buffer.concat(chunks);
      expect(hex(hasher.digest())).toBe(oracle(whole));
      expect(openssl.many([whole, ...chunks]).map(hex)).toEqual([whole, ...chunks].map(oracle));
      expect(sha256(whole)).toBe(`sha256:${oracle(whole)}`);
    }),
  );
});

it('a mid-state goes on in either implementation, from any byte', () => {
  const either = fc.constantFrom<HashEngine>(openssl, wasm);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 500 }), fc.nat(500), either, either, (bytes, cut, one, other) => {
      const saved = one.create().update(bytes.subarray(0, cut)).save();
      expect(hex(other.restore(saved).update(bytes.subarray(cut)).digest())).toBe(oracle(bytes));
    }),
  );
});

it('counts past 4 GiB, mid-state and all', () => {
  const chunk = Buffer.alloc(64 << 20, 'chunk');
  let ours = openssl.create();
  for (let i = 0; i < 65; i++) {
    ours.update(chunk);
    if (i % 16 === 0) ours = openssl.restore(ours.save());
  }
  // What sha256sum says of these 65 chunks: node:crypto takes as long as the hash itself.
  expect(hex(ours.digest())).toBe('5ac216004b97418ac21013990a0a614b0358070f76d73cc84bef0d1cecac8a2b');
});

it('what is no mid-state is refused', () => {
  expect(() => openssl.restore(new Uint8Array(12))).toThrow(KernelError);
  expect(() => openssl.restore(new Uint8Array(105))).toThrow(KernelError);
  expect(() => new NativeHash().create().save()).toThrow(KernelError);
});
