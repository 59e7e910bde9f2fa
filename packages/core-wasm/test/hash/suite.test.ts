import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Core, type HashEngine, KernelError, NativeHash } from '../../src/index.ts';

const core = new Core();
/** The WASM kernels, so many messages at a time: left to itself it takes what is faster. */
const wasm = (atOnce: 4 | 5) => ({
  name: `wasm, ${atOnce} at a time`,
  many: (messages: readonly Uint8Array[]) => core.hash.many(messages, atOnce),
});
const engines: HashEngine[] = [core.hash, new NativeHash()];
const oracle = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
/** Bytes that differ at every place and between seeds, so swapped lanes or offsets show. */
function bytesOf(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let x = (seed + 1) * 2654435761;
  for (let i = 0; i < length; i++) {
    x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
    bytes[i] = x >>> 24;
  }
  return bytes;
}

describe.each(engines)('SHA-256 by $name', (engine) => {
  it('gives the digests of FIPS 180-4', () => {
    expect(hex(engine.create().digest())).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    expect(hex(engine.create().update(Buffer.from('abc')).digest())).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    );
    const million = Buffer.alloc(1_000_000, 'a');
    expect(hex(engine.create().update(million).digest())).toBe(
      'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0',
    );
  });

  it('takes chunks cut at every offset of a block', () => {
    for (let first = 0; first <= 130; first++) {
      for (const second of [0, 1, 54, 55, 56, 60, 63, 64, 65, 130]) {
        const bytes = bytesOf(first + second + 7, first);
        const hasher = engine.create();
        hasher.update(bytes.subarray(0, first)).update(bytes.subarray(first, first + second));
        expect(hex(hasher.update(bytes.subarray(first + second)).digest())).toBe(oracle(bytes));
      }
    }
  });

  it('takes any bytes in any chunks', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 }), (chunks) => {
        const hasher = engine.create();
        for (const chunk of chunks) hasher.update(chunk);
        expect(hex(hasher.digest())).toBe(oracle(Buffer.concat(chunks)));
      }),
    );
  });
});

describe.each([...engines, wasm(4), wasm(5)])('many messages by $name', (engine) => {
  it('digests many distinct messages of different lengths, each in its place', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(5000), { maxLength: 40 }), (lengths) => {
        const messages = lengths.map((length, i) => bytesOf(length, i));
        expect(engine.many(messages).map(hex)).toEqual(messages.map(oracle));
      }),
    );
  });

  it('digests a batch larger than linear memory had room for', () => {
    const messages = Array.from({ length: 9 }, (_, i) => bytesOf(3_000_000 + i, i));
    expect(engine.many(messages).map(hex)).toEqual(messages.map(oracle));
  });
});

describe('the mid-state', () => {
  it('continues in another instance, from any offset', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), fc.nat(500), (bytes, cut) => {
        const saved = core.hash.create().update(bytes.subarray(0, cut)).save();
        const elsewhere = new Core().hash.restore(saved);
        expect(hex(elsewhere.update(bytes.subarray(cut)).digest())).toBe(oracle(bytes));
      }),
      { numRuns: 40 },
    );
  });

  it('is refused when it is none', () => {
    expect(() => core.hash.restore(new Uint8Array(12))).toThrow(KernelError);
    expect(() => new NativeHash().restore()).toThrow(KernelError);
  });

  it('survives a memory that grows between updates', () => {
    const grown = new Core();
    const bytes = bytesOf(1000, 3);
    const hasher = grown.hash.create().update(bytes.subarray(0, 333));
    grown.hash.many([bytesOf(40 << 20, 1)]);
    expect(hex(hasher.update(bytes.subarray(333)).digest())).toBe(oracle(bytes));
  });
});

it('counts past 4 GiB', () => {
  const chunk = bytesOf(64 << 20, 5);
  // The mid-state after 63 chunks as save() gave it (12 s of hashing): were it another message's, the digest would differ.
  const words = '013811ea74fd37ba14dced74e64c3124380785a39a6cd4de13dafea77ae5ba38b4000000fc00000000';
  const ours = core.hash.restore(Buffer.from(words.padEnd(210, '0'), 'hex'));
  ours.update(chunk).update(chunk);
  // What sha256sum says of the 65 chunks and 11 bytes.
  expect(hex(ours.update(chunk.subarray(0, 11)).digest())).toBe(
    'b1e40365489cb7c5ec8e01908646dc3489587a57616d41d948c90858ebd41ff4',
  );
});
