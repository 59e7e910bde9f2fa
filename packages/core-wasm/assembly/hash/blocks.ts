// SHA-256's compression of one message (FIPS 180-4, 6.2.2), sixteen rounds at a step. The message schedule is made
// four words at a time in vectors, between the rounds: in sixteen more locals it left the rounds too few registers
// (425 MiB/s; so 540). A round waits for e and a of the one before: what does not need them is added first, 12%
// faster. Maj(a, b, c) is b ^ ((a ^ b) & (b ^ c)), and a ^ b is the next round's b ^ c.

import { K, K_BYTES, wordsAt } from './constants';

// @ts-ignore: decorator
@inline
function sum0(x: u32): u32 { return rotr<u32>(x, 2) ^ rotr<u32>(x, 13) ^ rotr<u32>(x, 22); }
// @ts-ignore: decorator
@inline
function sum1(x: u32): u32 { return rotr<u32>(x, 6) ^ rotr<u32>(x, 11) ^ rotr<u32>(x, 25); }
// @ts-ignore: decorator
@inline
function ch(e: u32, f: u32, g: u32): u32 { return g ^ (e & (f ^ g)); }
/** T1 (6.2.2, step 3); `w` with its constant. */
// @ts-ignore: decorator
@inline
function t1(h: u32, e: u32, f: u32, g: u32, w: u32): u32 { return h + w + ch(e, f, g) + sum1(e); }
/** With T2 the new a. */
// @ts-ignore: decorator
@inline
function addT2(t: u32, a: u32, b: u32, ab: u32, bc: u32): u32 { return t + (b ^ (ab & bc)) + sum0(a); }

// @ts-ignore: decorator
@inline
function sig0(x: v128): v128 {
  return v128.xor(
    v128.xor(v128.shr<u32>(x, 3), v128.xor(v128.shr<u32>(x, 7), v128.shl<u32>(x, 25))),
    v128.xor(v128.shr<u32>(x, 18), v128.shl<u32>(x, 14)),
  );
}
/** Of two words, each twice in `x`: in the even lanes. A rotation of 32 bits is a shift of 64 then. */
// @ts-ignore: decorator
@inline
function sig1(x: v128): v128 {
  return v128.xor(v128.xor(v128.shr<u64>(x, 17), v128.shr<u64>(x, 19)), v128.shr<u32>(x, 10));
}
/** The next four words of the schedule after sixteen (6.2.2, step 1). `low` and `high` have ones in one half. */
// @ts-ignore: decorator
@inline
function next(x0: v128, x1: v128, x2: v128, x3: v128, low: v128, high: v128): v128 {
  const x9 = v128.shuffle<u32>(x2, x3, 1, 2, 3, 4);
  let x = v128.add<u32>(v128.add<u32>(x0, sig0(v128.shuffle<u32>(x0, x1, 1, 2, 3, 4))), x9);
  const s = sig1(v128.shuffle<u32>(x3, x3, 2, 2, 3, 3));
  x = v128.add<u32>(x, v128.and(v128.shuffle<u32>(s, s, 0, 2, 0, 2), low));
  const t = sig1(v128.shuffle<u32>(x, x, 0, 0, 1, 1));
  return v128.add<u32>(x, v128.and(v128.shuffle<u32>(t, t, 0, 2, 0, 2), high));
}

/** The words of the next sixteen rounds, with their constants. */
const W = memory.data(64, 16);
const LOW = memory.data<u32>([0xffffffff, 0xffffffff, 0, 0], 16);

/** Runs `blocks` 64-byte blocks at `at` through the state (8 u32, native order). */
export function sha256Blocks(state: usize, at: usize, blocks: u32): void {
  let s0 = load<u32>(state), s1 = load<u32>(state, 4), s2 = load<u32>(state, 8), s3 = load<u32>(state, 12);
  let s4 = load<u32>(state, 16), s5 = load<u32>(state, 20), s6 = load<u32>(state, 24), s7 = load<u32>(state, 28);
  const low = v128.load(LOW);
  const high = v128.not(low);
  for (; blocks > 0; blocks--) {
    let a = s0, b = s1, c = s2, d = s3, e = s4, f = s5, g = s6, h = s7, bc = b ^ c, ab = bc;
    let x0 = wordsAt(at), x1 = wordsAt(at + 16), x2 = wordsAt(at + 32), x3 = wordsAt(at + 48);
    v128.store(W, v128.add<u32>(x0, v128.load(K, 0)), 0);
    v128.store(W, v128.add<u32>(x1, v128.load(K, 16)), 16);
    v128.store(W, v128.add<u32>(x2, v128.load(K, 32)), 32);
    v128.store(W, v128.add<u32>(x3, v128.load(K, 48)), 48);
    for (let k = K + 64; k < K + K_BYTES; k += 64) {
      ab = a ^ b; h = t1(h, e, f, g, load<u32>(W, 0)); d += h; h = addT2(h, a, b, ab, bc);
      bc = h ^ a; g = t1(g, d, e, f, load<u32>(W, 4)); c += g; g = addT2(g, h, a, bc, ab);
      ab = g ^ h; f = t1(f, c, d, e, load<u32>(W, 8)); b += f; f = addT2(f, g, h, ab, bc);
      bc = f ^ g; e = t1(e, b, c, d, load<u32>(W, 12)); a += e; e = addT2(e, f, g, bc, ab);
      x0 = next(x0, x1, x2, x3, low, high);
      v128.store(W, v128.add<u32>(x0, v128.load(k, 0)), 0);
      ab = e ^ f; d = t1(d, a, b, c, load<u32>(W, 16)); h += d; d = addT2(d, e, f, ab, bc);
      bc = d ^ e; c = t1(c, h, a, b, load<u32>(W, 20)); g += c; c = addT2(c, d, e, bc, ab);
      ab = c ^ d; b = t1(b, g, h, a, load<u32>(W, 24)); f += b; b = addT2(b, c, d, ab, bc);
      bc = b ^ c; a = t1(a, f, g, h, load<u32>(W, 28)); e += a; a = addT2(a, b, c, bc, ab);
      x1 = next(x1, x2, x3, x0, low, high);
      v128.store(W, v128.add<u32>(x1, v128.load(k, 16)), 16);
      ab = a ^ b; h = t1(h, e, f, g, load<u32>(W, 32)); d += h; h = addT2(h, a, b, ab, bc);
      bc = h ^ a; g = t1(g, d, e, f, load<u32>(W, 36)); c += g; g = addT2(g, h, a, bc, ab);
      ab = g ^ h; f = t1(f, c, d, e, load<u32>(W, 40)); b += f; f = addT2(f, g, h, ab, bc);
      bc = f ^ g; e = t1(e, b, c, d, load<u32>(W, 44)); a += e; e = addT2(e, f, g, bc, ab);
      x2 = next(x2, x3, x0, x1, low, high);
      v128.store(W, v128.add<u32>(x2, v128.load(k, 32)), 32);
      ab = e ^ f; d = t1(d, a, b, c, load<u32>(W, 48)); h += d; d = addT2(d, e, f, ab, bc);
      bc = d ^ e; c = t1(c, h, a, b, load<u32>(W, 52)); g += c; c = addT2(c, d, e, bc, ab);
      ab = c ^ d; b = t1(b, g, h, a, load<u32>(W, 56)); f += b; b = addT2(b, c, d, ab, bc);
      bc = b ^ c; a = t1(a, f, g, h, load<u32>(W, 60)); e += a; a = addT2(a, b, c, bc, ab);
      x3 = next(x3, x0, x1, x2, low, high);
      v128.store(W, v128.add<u32>(x3, v128.load(k, 48)), 48);
    }
    ab = a ^ b; h = t1(h, e, f, g, load<u32>(W, 0)); d += h; h = addT2(h, a, b, ab, bc);
    bc = h ^ a; g = t1(g, d, e, f, load<u32>(W, 4)); c += g; g = addT2(g, h, a, bc, ab);
    ab = g ^ h; f = t1(f, c, d, e, load<u32>(W, 8)); b += f; f = addT2(f, g, h, ab, bc);
    bc = f ^ g; e = t1(e, b, c, d, load<u32>(W, 12)); a += e; e = addT2(e, f, g, bc, ab);
    ab = e ^ f; d = t1(d, a, b, c, load<u32>(W, 16)); h += d; d = addT2(d, e, f, ab, bc);
    bc = d ^ e; c = t1(c, h, a, b, load<u32>(W, 20)); g += c; c = addT2(c, d, e, bc, ab);
    ab = c ^ d; b = t1(b, g, h, a, load<u32>(W, 24)); f += b; b = addT2(b, c, d, ab, bc);
    bc = b ^ c; a = t1(a, f, g, h, load<u32>(W, 28)); e += a; a = addT2(a, b, c, bc, ab);
    ab = a ^ b; h = t1(h, e, f, g, load<u32>(W, 32)); d += h; h = addT2(h, a, b, ab, bc);
    bc = h ^ a; g = t1(g, d, e, f, load<u32>(W, 36)); c += g; g = addT2(g, h, a, bc, ab);
    ab = g ^ h; f = t1(f, c, d, e, load<u32>(W, 40)); b += f; f = addT2(f, g, h, ab, bc);
    bc = f ^ g; e = t1(e, b, c, d, load<u32>(W, 44)); a += e; e = addT2(e, f, g, bc, ab);
    ab = e ^ f; d = t1(d, a, b, c, load<u32>(W, 48)); h += d; d = addT2(d, e, f, ab, bc);
    bc = d ^ e; c = t1(c, h, a, b, load<u32>(W, 52)); g += c; c = addT2(c, d, e, bc, ab);
    ab = c ^ d; b = t1(b, g, h, a, load<u32>(W, 56)); f += b; b = addT2(b, c, d, ab, bc);
    bc = b ^ c; a = t1(a, f, g, h, load<u32>(W, 60)); e += a; a = addT2(a, b, c, bc, ab);
    s0 += a; s1 += b; s2 += c; s3 += d; s4 += e; s5 += f; s6 += g; s7 += h;
    at += 64;
  }
  store<u32>(state, s0); store<u32>(state, s1, 4); store<u32>(state, s2, 8); store<u32>(state, s3, 12);
  store<u32>(state, s4, 16); store<u32>(state, s5, 20); store<u32>(state, s6, 24); store<u32>(state, s7, 28);
}
