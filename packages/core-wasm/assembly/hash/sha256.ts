// SHA-256 of one stream (FIPS 180-4, 6.2), fully unrolled. The message schedule is made four words at a time in
// vectors, between the rounds: in sixteen more locals it left the rounds too few registers (425 MiB/s; so 540).
// A round waits for e and a of the one before: what does not need them is added first, 12% faster. Maj as in sha256x4.ts.

import { alloc } from '../arena';

/** FIPS 180-4, 5.3.3. */
const INITIAL = memory.data<u32>([
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
], 16);

// @ts-ignore: decorator
@inline
function sum0(x: u32): u32 { return rotr<u32>(x, 2) ^ rotr<u32>(x, 13) ^ rotr<u32>(x, 22); }
// @ts-ignore: decorator
@inline
function sum1(x: u32): u32 { return rotr<u32>(x, 6) ^ rotr<u32>(x, 11) ^ rotr<u32>(x, 25); }
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
  let x = v128.add<u32>(v128.add<u32>(x0, sig0(v128.shuffle<u32>(x0, x1, 1, 2, 3, 4))), v128.shuffle<u32>(x2, x3, 1, 2, 3, 4));
  const s = sig1(v128.shuffle<u32>(x3, x3, 2, 2, 3, 3));
  x = v128.add<u32>(x, v128.and(v128.shuffle<u32>(s, s, 0, 2, 0, 2), low));
  const t = sig1(v128.shuffle<u32>(x, x, 0, 0, 1, 1));
  return v128.add<u32>(x, v128.and(v128.shuffle<u32>(t, t, 0, 2, 0, 2), high));
}
/** Sixteen bytes of the message as four words. */
// @ts-ignore: decorator
@inline
function words(at: usize, offset: usize): v128 {
  const x = v128.load(at + offset);
  return v128.shuffle<u8>(x, x, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12);
}
// @ts-ignore: decorator
@inline
function ch(e: u32, f: u32, g: u32): u32 { return g ^ (e & (f ^ g)); }

/** FIPS 180-4, 4.2.2. */
export const K = memory.data<u32>([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
], 16);
/** The words of a block with their constants. */
const W = memory.data(256, 16);
const LOW = memory.data<u32>([0xffffffff, 0xffffffff, 0, 0], 16);

/** Runs `blocks` 64-byte blocks at `at` through the state (8 u32, native order). */
export function sha256Blocks(state: usize, at: usize, blocks: u32): void {
  let s0 = load<u32>(state), s1 = load<u32>(state, 4), s2 = load<u32>(state, 8), s3 = load<u32>(state, 12);
  let s4 = load<u32>(state, 16), s5 = load<u32>(state, 20), s6 = load<u32>(state, 24), s7 = load<u32>(state, 28);
  const low = v128.load(LOW);
  const high = v128.not(low);
  for (; blocks > 0; blocks--) {
    let a = s0, b = s1, c = s2, d = s3, e = s4, f = s5, g = s6, h = s7, bc = b ^ c, ab = bc;
    let x0 = words(at, 0), x1 = words(at, 16), x2 = words(at, 32), x3 = words(at, 48);
    v128.store(W, v128.add<u32>(x0, v128.load(K, 0)), 0);
    v128.store(W, v128.add<u32>(x1, v128.load(K, 16)), 16);
    v128.store(W, v128.add<u32>(x2, v128.load(K, 32)), 32);
    v128.store(W, v128.add<u32>(x3, v128.load(K, 48)), 48);
    x0 = next(x0, x1, x2, x3, low, high);
    v128.store(W, v128.add<u32>(x0, v128.load(K, 64)), 64);
    h += load<u32>(W, 0); h += ch(e, f, g); h += sum1(e); d += h; ab = a ^ b; h += b ^ (ab & bc); h += sum0(a);
    g += load<u32>(W, 4); g += ch(d, e, f); g += sum1(d); c += g; bc = h ^ a; g += a ^ (bc & ab); g += sum0(h);
    f += load<u32>(W, 8); f += ch(c, d, e); f += sum1(c); b += f; ab = g ^ h; f += h ^ (ab & bc); f += sum0(g);
    e += load<u32>(W, 12); e += ch(b, c, d); e += sum1(b); a += e; bc = f ^ g; e += g ^ (bc & ab); e += sum0(f);
    x1 = next(x1, x2, x3, x0, low, high);
    v128.store(W, v128.add<u32>(x1, v128.load(K, 80)), 80);
    d += load<u32>(W, 16); d += ch(a, b, c); d += sum1(a); h += d; ab = e ^ f; d += f ^ (ab & bc); d += sum0(e);
    c += load<u32>(W, 20); c += ch(h, a, b); c += sum1(h); g += c; bc = d ^ e; c += e ^ (bc & ab); c += sum0(d);
    b += load<u32>(W, 24); b += ch(g, h, a); b += sum1(g); f += b; ab = c ^ d; b += d ^ (ab & bc); b += sum0(c);
    a += load<u32>(W, 28); a += ch(f, g, h); a += sum1(f); e += a; bc = b ^ c; a += c ^ (bc & ab); a += sum0(b);
    x2 = next(x2, x3, x0, x1, low, high);
    v128.store(W, v128.add<u32>(x2, v128.load(K, 96)), 96);
    h += load<u32>(W, 32); h += ch(e, f, g); h += sum1(e); d += h; ab = a ^ b; h += b ^ (ab & bc); h += sum0(a);
    g += load<u32>(W, 36); g += ch(d, e, f); g += sum1(d); c += g; bc = h ^ a; g += a ^ (bc & ab); g += sum0(h);
    f += load<u32>(W, 40); f += ch(c, d, e); f += sum1(c); b += f; ab = g ^ h; f += h ^ (ab & bc); f += sum0(g);
    e += load<u32>(W, 44); e += ch(b, c, d); e += sum1(b); a += e; bc = f ^ g; e += g ^ (bc & ab); e += sum0(f);
    x3 = next(x3, x0, x1, x2, low, high);
    v128.store(W, v128.add<u32>(x3, v128.load(K, 112)), 112);
    d += load<u32>(W, 48); d += ch(a, b, c); d += sum1(a); h += d; ab = e ^ f; d += f ^ (ab & bc); d += sum0(e);
    c += load<u32>(W, 52); c += ch(h, a, b); c += sum1(h); g += c; bc = d ^ e; c += e ^ (bc & ab); c += sum0(d);
    b += load<u32>(W, 56); b += ch(g, h, a); b += sum1(g); f += b; ab = c ^ d; b += d ^ (ab & bc); b += sum0(c);
    a += load<u32>(W, 60); a += ch(f, g, h); a += sum1(f); e += a; bc = b ^ c; a += c ^ (bc & ab); a += sum0(b);
    x0 = next(x0, x1, x2, x3, low, high);
    v128.store(W, v128.add<u32>(x0, v128.load(K, 128)), 128);
    h += load<u32>(W, 64); h += ch(e, f, g); h += sum1(e); d += h; ab = a ^ b; h += b ^ (ab & bc); h += sum0(a);
    g += load<u32>(W, 68); g += ch(d, e, f); g += sum1(d); c += g; bc = h ^ a; g += a ^ (bc & ab); g += sum0(h);
    f += load<u32>(W, 72); f += ch(c, d, e); f += sum1(c); b += f; ab = g ^ h; f += h ^ (ab & bc); f += sum0(g);
    e += load<u32>(W, 76); e += ch(b, c, d); e += sum1(b); a += e; bc = f ^ g; e += g ^ (bc & ab); e += sum0(f);
    x1 = next(x1, x2, x3, x0, low, high);
    v128.store(W, v128.add<u32>(x1, v128.load(K, 144)), 144);
    d += load<u32>(W, 80); d += ch(a, b, c); d += sum1(a); h += d; ab = e ^ f; d += f ^ (ab & bc); d += sum0(e);
    c += load<u32>(W, 84); c += ch(h, a, b); c += sum1(h); g += c; bc = d ^ e; c += e ^ (bc & ab); c += sum0(d);
    b += load<u32>(W, 88); b += ch(g, h, a); b += sum1(g); f += b; ab = c ^ d; b += d ^ (ab & bc); b += sum0(c);
    a += load<u32>(W, 92); a += ch(f, g, h); a += sum1(f); e += a; bc = b ^ c; a += c ^ (bc & ab); a += sum0(b);
    x2 = next(x2, x3, x0, x1, low, high);
    v128.store(W, v128.add<u32>(x2, v128.load(K, 160)), 160);
    h += load<u32>(W, 96); h += ch(e, f, g); h += sum1(e); d += h; ab = a ^ b; h += b ^ (ab & bc); h += sum0(a);
    g += load<u32>(W, 100); g += ch(d, e, f); g += sum1(d); c += g; bc = h ^ a; g += a ^ (bc & ab); g += sum0(h);
    f += load<u32>(W, 104); f += ch(c, d, e); f += sum1(c); b += f; ab = g ^ h; f += h ^ (ab & bc); f += sum0(g);
    e += load<u32>(W, 108); e += ch(b, c, d); e += sum1(b); a += e; bc = f ^ g; e += g ^ (bc & ab); e += sum0(f);
    x3 = next(x3, x0, x1, x2, low, high);
    v128.store(W, v128.add<u32>(x3, v128.load(K, 176)), 176);
    d += load<u32>(W, 112); d += ch(a, b, c); d += sum1(a); h += d; ab = e ^ f; d += f ^ (ab & bc); d += sum0(e);
    c += load<u32>(W, 116); c += ch(h, a, b); c += sum1(h); g += c; bc = d ^ e; c += e ^ (bc & ab); c += sum0(d);
    b += load<u32>(W, 120); b += ch(g, h, a); b += sum1(g); f += b; ab = c ^ d; b += d ^ (ab & bc); b += sum0(c);
    a += load<u32>(W, 124); a += ch(f, g, h); a += sum1(f); e += a; bc = b ^ c; a += c ^ (bc & ab); a += sum0(b);
    x0 = next(x0, x1, x2, x3, low, high);
    v128.store(W, v128.add<u32>(x0, v128.load(K, 192)), 192);
    h += load<u32>(W, 128); h += ch(e, f, g); h += sum1(e); d += h; ab = a ^ b; h += b ^ (ab & bc); h += sum0(a);
    g += load<u32>(W, 132); g += ch(d, e, f); g += sum1(d); c += g; bc = h ^ a; g += a ^ (bc & ab); g += sum0(h);
    f += load<u32>(W, 136); f += ch(c, d, e); f += sum1(c); b += f; ab = g ^ h; f += h ^ (ab & bc); f += sum0(g);
    e += load<u32>(W, 140); e += ch(b, c, d); e += sum1(b); a += e; bc = f ^ g; e += g ^ (bc & ab); e += sum0(f);
    x1 = next(x1, x2, x3, x0, low, high);
    v128.store(W, v128.add<u32>(x1, v128.load(K, 208)), 208);
    d += load<u32>(W, 144); d += ch(a, b, c); d += sum1(a); h += d; ab = e ^ f; d += f ^ (ab & bc); d += sum0(e);
    c += load<u32>(W, 148); c += ch(h, a, b); c += sum1(h); g += c; bc = d ^ e; c += e ^ (bc & ab); c += sum0(d);
    b += load<u32>(W, 152); b += ch(g, h, a); b += sum1(g); f += b; ab = c ^ d; b += d ^ (ab & bc); b += sum0(c);
    a += load<u32>(W, 156); a += ch(f, g, h); a += sum1(f); e += a; bc = b ^ c; a += c ^ (bc & ab); a += sum0(b);
    x2 = next(x2, x3, x0, x1, low, high);
    v128.store(W, v128.add<u32>(x2, v128.load(K, 224)), 224);
    h += load<u32>(W, 160); h += ch(e, f, g); h += sum1(e); d += h; ab = a ^ b; h += b ^ (ab & bc); h += sum0(a);
    g += load<u32>(W, 164); g += ch(d, e, f); g += sum1(d); c += g; bc = h ^ a; g += a ^ (bc & ab); g += sum0(h);
    f += load<u32>(W, 168); f += ch(c, d, e); f += sum1(c); b += f; ab = g ^ h; f += h ^ (ab & bc); f += sum0(g);
    e += load<u32>(W, 172); e += ch(b, c, d); e += sum1(b); a += e; bc = f ^ g; e += g ^ (bc & ab); e += sum0(f);
    x3 = next(x3, x0, x1, x2, low, high);
    v128.store(W, v128.add<u32>(x3, v128.load(K, 240)), 240);
    d += load<u32>(W, 176); d += ch(a, b, c); d += sum1(a); h += d; ab = e ^ f; d += f ^ (ab & bc); d += sum0(e);
    c += load<u32>(W, 180); c += ch(h, a, b); c += sum1(h); g += c; bc = d ^ e; c += e ^ (bc & ab); c += sum0(d);
    b += load<u32>(W, 184); b += ch(g, h, a); b += sum1(g); f += b; ab = c ^ d; b += d ^ (ab & bc); b += sum0(c);
    a += load<u32>(W, 188); a += ch(f, g, h); a += sum1(f); e += a; bc = b ^ c; a += c ^ (bc & ab); a += sum0(b);
    h += load<u32>(W, 192); h += ch(e, f, g); h += sum1(e); d += h; ab = a ^ b; h += b ^ (ab & bc); h += sum0(a);
    g += load<u32>(W, 196); g += ch(d, e, f); g += sum1(d); c += g; bc = h ^ a; g += a ^ (bc & ab); g += sum0(h);
    f += load<u32>(W, 200); f += ch(c, d, e); f += sum1(c); b += f; ab = g ^ h; f += h ^ (ab & bc); f += sum0(g);
    e += load<u32>(W, 204); e += ch(b, c, d); e += sum1(b); a += e; bc = f ^ g; e += g ^ (bc & ab); e += sum0(f);
    d += load<u32>(W, 208); d += ch(a, b, c); d += sum1(a); h += d; ab = e ^ f; d += f ^ (ab & bc); d += sum0(e);
    c += load<u32>(W, 212); c += ch(h, a, b); c += sum1(h); g += c; bc = d ^ e; c += e ^ (bc & ab); c += sum0(d);
    b += load<u32>(W, 216); b += ch(g, h, a); b += sum1(g); f += b; ab = c ^ d; b += d ^ (ab & bc); b += sum0(c);
    a += load<u32>(W, 220); a += ch(f, g, h); a += sum1(f); e += a; bc = b ^ c; a += c ^ (bc & ab); a += sum0(b);
    h += load<u32>(W, 224); h += ch(e, f, g); h += sum1(e); d += h; ab = a ^ b; h += b ^ (ab & bc); h += sum0(a);
    g += load<u32>(W, 228); g += ch(d, e, f); g += sum1(d); c += g; bc = h ^ a; g += a ^ (bc & ab); g += sum0(h);
    f += load<u32>(W, 232); f += ch(c, d, e); f += sum1(c); b += f; ab = g ^ h; f += h ^ (ab & bc); f += sum0(g);
    e += load<u32>(W, 236); e += ch(b, c, d); e += sum1(b); a += e; bc = f ^ g; e += g ^ (bc & ab); e += sum0(f);
    d += load<u32>(W, 240); d += ch(a, b, c); d += sum1(a); h += d; ab = e ^ f; d += f ^ (ab & bc); d += sum0(e);
    c += load<u32>(W, 244); c += ch(h, a, b); c += sum1(h); g += c; bc = d ^ e; c += e ^ (bc & ab); c += sum0(d);
    b += load<u32>(W, 248); b += ch(g, h, a); b += sum1(g); f += b; ab = c ^ d; b += d ^ (ab & bc); b += sum0(c);
    a += load<u32>(W, 252); a += ch(f, g, h); a += sum1(f); e += a; bc = b ^ c; a += c ^ (bc & ab); a += sum0(b);
    s0 += a; s1 += b; s2 += c; s3 += d; s4 += e; s5 += f; s6 += g; s7 += h;
    at += 64;
  }
  store<u32>(state, s0); store<u32>(state, s1, 4); store<u32>(state, s2, 8); store<u32>(state, s3, 12);
  store<u32>(state, s4, 16); store<u32>(state, s5, 20); store<u32>(state, s6, 24); store<u32>(state, s7, 28);
}

// A hash in progress: 8 u32 of state, u64 of bytes so far, the partial block of 64 bytes. Those 104
// bytes are the mid-state: copied out, stored, copied back in, it goes on elsewhere.
export const S_COUNT: usize = 32;
export const S_BLOCK: usize = 40;
export const S_SIZE: usize = 104;

export function sha256New(): usize {
  const s = alloc(S_SIZE);
  sha256Reset(s);
  return s;
}

export function sha256Reset(s: usize): void {
  memory.copy(s, INITIAL, 32);
  memory.fill(s + S_COUNT, 0, S_SIZE - 32);
}

export function sha256Update(s: usize, at: usize, len: u32): void {
  const count = load<u64>(s, S_COUNT);
  store<u64>(s, count + len, S_COUNT);
  let held = <u32>(count & 63);
  if (held > 0) {
    const n = min(64 - held, len);
    memory.copy(s + S_BLOCK + held, at, n);
    at += n;
    len -= n;
    held += n;
    if (held < 64) return;
    sha256Blocks(s, s + S_BLOCK, 1);
  }
  const blocks = len >> 6;
  if (blocks > 0) sha256Blocks(s, at, blocks);
  memory.copy(s + S_BLOCK, at + (blocks << 6), len & 63);
}

/** Writes the 32 bytes of the digest at `out`; the state is spent (FIPS 180-4, 5.1.1). */
export function sha256Final(s: usize, out: usize): void {
  const count = load<u64>(s, S_COUNT);
  let held = <u32>(count & 63);
  store<u8>(s + S_BLOCK + held++, 0x80);
  if (held > 56) {
    memory.fill(s + S_BLOCK + held, 0, 64 - held);
    sha256Blocks(s, s + S_BLOCK, 1);
    held = 0;
  }
  memory.fill(s + S_BLOCK + held, 0, 56 - held);
  store<u64>(s + S_BLOCK, bswap<u64>(count << 3), 56);
  sha256Blocks(s, s + S_BLOCK, 1);
  for (let i: usize = 0; i < 32; i += 4) store<u32>(out + i, bswap<u32>(load<u32>(s + i)));
}
