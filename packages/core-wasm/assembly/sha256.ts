// SHA-256 of one stream (FIPS 180-4, 6.2), fully unrolled: the message schedule in sixteen locals and
// the constants of 4.2.2 in the rounds, so that nothing of a round touches memory. A loop of sixteen
// rounds a turn is 5% slower; sums by nested rotations (one move less each) are 6% slower in V8.
// A round waits for e and a of the one before: what does not need them is added first, 12% faster. Maj as in sha256x4.ts.

import { alloc } from './arena';

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
function sig0(x: u32): u32 { return rotr<u32>(x, 7) ^ rotr<u32>(x, 18) ^ (x >> 3); }
// @ts-ignore: decorator
@inline
function sig1(x: u32): u32 { return rotr<u32>(x, 17) ^ rotr<u32>(x, 19) ^ (x >> 10); }
// @ts-ignore: decorator
@inline
function ch(e: u32, f: u32, g: u32): u32 { return g ^ (e & (f ^ g)); }

/** Runs `blocks` 64-byte blocks at `at` through the state (8 u32, native order). */
export function sha256Blocks(state: usize, at: usize, blocks: u32): void {
  let s0 = load<u32>(state), s1 = load<u32>(state, 4), s2 = load<u32>(state, 8), s3 = load<u32>(state, 12);
  let s4 = load<u32>(state, 16), s5 = load<u32>(state, 20), s6 = load<u32>(state, 24), s7 = load<u32>(state, 28);
  for (; blocks > 0; blocks--) {
    let a = s0, b = s1, c = s2, d = s3, e = s4, f = s5, g = s6, h = s7, bc = b ^ c, ab = bc;
    let w0 = bswap<u32>(load<u32>(at, 0));
    let w1 = bswap<u32>(load<u32>(at, 4));
    let w2 = bswap<u32>(load<u32>(at, 8));
    let w3 = bswap<u32>(load<u32>(at, 12));
    let w4 = bswap<u32>(load<u32>(at, 16));
    let w5 = bswap<u32>(load<u32>(at, 20));
    let w6 = bswap<u32>(load<u32>(at, 24));
    let w7 = bswap<u32>(load<u32>(at, 28));
    let w8 = bswap<u32>(load<u32>(at, 32));
    let w9 = bswap<u32>(load<u32>(at, 36));
    let w10 = bswap<u32>(load<u32>(at, 40));
    let w11 = bswap<u32>(load<u32>(at, 44));
    let w12 = bswap<u32>(load<u32>(at, 48));
    let w13 = bswap<u32>(load<u32>(at, 52));
    let w14 = bswap<u32>(load<u32>(at, 56));
    let w15 = bswap<u32>(load<u32>(at, 60));
    h += w0 + 0x428a2f98; h += ch(e, f, g); h += sum1(e); d += h; ab = a ^ b; h += b ^ (ab & bc); h += sum0(a);
    g += w1 + 0x71374491; g += ch(d, e, f); g += sum1(d); c += g; bc = h ^ a; g += a ^ (bc & ab); g += sum0(h);
    f += w2 + 0xb5c0fbcf; f += ch(c, d, e); f += sum1(c); b += f; ab = g ^ h; f += h ^ (ab & bc); f += sum0(g);
    e += w3 + 0xe9b5dba5; e += ch(b, c, d); e += sum1(b); a += e; bc = f ^ g; e += g ^ (bc & ab); e += sum0(f);
    d += w4 + 0x3956c25b; d += ch(a, b, c); d += sum1(a); h += d; ab = e ^ f; d += f ^ (ab & bc); d += sum0(e);
    c += w5 + 0x59f111f1; c += ch(h, a, b); c += sum1(h); g += c; bc = d ^ e; c += e ^ (bc & ab); c += sum0(d);
    b += w6 + 0x923f82a4; b += ch(g, h, a); b += sum1(g); f += b; ab = c ^ d; b += d ^ (ab & bc); b += sum0(c);
    a += w7 + 0xab1c5ed5; a += ch(f, g, h); a += sum1(f); e += a; bc = b ^ c; a += c ^ (bc & ab); a += sum0(b);
    h += w8 + 0xd807aa98; h += ch(e, f, g); h += sum1(e); d += h; ab = a ^ b; h += b ^ (ab & bc); h += sum0(a);
    g += w9 + 0x12835b01; g += ch(d, e, f); g += sum1(d); c += g; bc = h ^ a; g += a ^ (bc & ab); g += sum0(h);
    f += w10 + 0x243185be; f += ch(c, d, e); f += sum1(c); b += f; ab = g ^ h; f += h ^ (ab & bc); f += sum0(g);
    e += w11 + 0x550c7dc3; e += ch(b, c, d); e += sum1(b); a += e; bc = f ^ g; e += g ^ (bc & ab); e += sum0(f);
    d += w12 + 0x72be5d74; d += ch(a, b, c); d += sum1(a); h += d; ab = e ^ f; d += f ^ (ab & bc); d += sum0(e);
    c += w13 + 0x80deb1fe; c += ch(h, a, b); c += sum1(h); g += c; bc = d ^ e; c += e ^ (bc & ab); c += sum0(d);
    b += w14 + 0x9bdc06a7; b += ch(g, h, a); b += sum1(g); f += b; ab = c ^ d; b += d ^ (ab & bc); b += sum0(c);
    a += w15 + 0xc19bf174; a += ch(f, g, h); a += sum1(f); e += a; bc = b ^ c; a += c ^ (bc & ab); a += sum0(b);
    w0 += sig1(w14) + w9 + sig0(w1);
    h += w0 + 0xe49b69c1; h += ch(e, f, g); h += sum1(e); d += h; ab = a ^ b; h += b ^ (ab & bc); h += sum0(a);
    w1 += sig1(w15) + w10 + sig0(w2);
    g += w1 + 0xefbe4786; g += ch(d, e, f); g += sum1(d); c += g; bc = h ^ a; g += a ^ (bc & ab); g += sum0(h);
    w2 += sig1(w0) + w11 + sig0(w3);
    f += w2 + 0x0fc19dc6; f += ch(c, d, e); f += sum1(c); b += f; ab = g ^ h; f += h ^ (ab & bc); f += sum0(g);
    w3 += sig1(w1) + w12 + sig0(w4);
    e += w3 + 0x240ca1cc; e += ch(b, c, d); e += sum1(b); a += e; bc = f ^ g; e += g ^ (bc & ab); e += sum0(f);
    w4 += sig1(w2) + w13 + sig0(w5);
    d += w4 + 0x2de92c6f; d += ch(a, b, c); d += sum1(a); h += d; ab = e ^ f; d += f ^ (ab & bc); d += sum0(e);
    w5 += sig1(w3) + w14 + sig0(w6);
    c += w5 + 0x4a7484aa; c += ch(h, a, b); c += sum1(h); g += c; bc = d ^ e; c += e ^ (bc & ab); c += sum0(d);
    w6 += sig1(w4) + w15 + sig0(w7);
    b += w6 + 0x5cb0a9dc; b += ch(g, h, a); b += sum1(g); f += b; ab = c ^ d; b += d ^ (ab & bc); b += sum0(c);
    w7 += sig1(w5) + w0 + sig0(w8);
    a += w7 + 0x76f988da; a += ch(f, g, h); a += sum1(f); e += a; bc = b ^ c; a += c ^ (bc & ab); a += sum0(b);
    w8 += sig1(w6) + w1 + sig0(w9);
    h += w8 + 0x983e5152; h += ch(e, f, g); h += sum1(e); d += h; ab = a ^ b; h += b ^ (ab & bc); h += sum0(a);
    w9 += sig1(w7) + w2 + sig0(w10);
    g += w9 + 0xa831c66d; g += ch(d, e, f); g += sum1(d); c += g; bc = h ^ a; g += a ^ (bc & ab); g += sum0(h);
    w10 += sig1(w8) + w3 + sig0(w11);
    f += w10 + 0xb00327c8; f += ch(c, d, e); f += sum1(c); b += f; ab = g ^ h; f += h ^ (ab & bc); f += sum0(g);
    w11 += sig1(w9) + w4 + sig0(w12);
    e += w11 + 0xbf597fc7; e += ch(b, c, d); e += sum1(b); a += e; bc = f ^ g; e += g ^ (bc & ab); e += sum0(f);
    w12 += sig1(w10) + w5 + sig0(w13);
    d += w12 + 0xc6e00bf3; d += ch(a, b, c); d += sum1(a); h += d; ab = e ^ f; d += f ^ (ab & bc); d += sum0(e);
    w13 += sig1(w11) + w6 + sig0(w14);
    c += w13 + 0xd5a79147; c += ch(h, a, b); c += sum1(h); g += c; bc = d ^ e; c += e ^ (bc & ab); c += sum0(d);
    w14 += sig1(w12) + w7 + sig0(w15);
    b += w14 + 0x06ca6351; b += ch(g, h, a); b += sum1(g); f += b; ab = c ^ d; b += d ^ (ab & bc); b += sum0(c);
    w15 += sig1(w13) + w8 + sig0(w0);
    a += w15 + 0x14292967; a += ch(f, g, h); a += sum1(f); e += a; bc = b ^ c; a += c ^ (bc & ab); a += sum0(b);
    w0 += sig1(w14) + w9 + sig0(w1);
    h += w0 + 0x27b70a85; h += ch(e, f, g); h += sum1(e); d += h; ab = a ^ b; h += b ^ (ab & bc); h += sum0(a);
    w1 += sig1(w15) + w10 + sig0(w2);
    g += w1 + 0x2e1b2138; g += ch(d, e, f); g += sum1(d); c += g; bc = h ^ a; g += a ^ (bc & ab); g += sum0(h);
    w2 += sig1(w0) + w11 + sig0(w3);
    f += w2 + 0x4d2c6dfc; f += ch(c, d, e); f += sum1(c); b += f; ab = g ^ h; f += h ^ (ab & bc); f += sum0(g);
    w3 += sig1(w1) + w12 + sig0(w4);
    e += w3 + 0x53380d13; e += ch(b, c, d); e += sum1(b); a += e; bc = f ^ g; e += g ^ (bc & ab); e += sum0(f);
    w4 += sig1(w2) + w13 + sig0(w5);
    d += w4 + 0x650a7354; d += ch(a, b, c); d += sum1(a); h += d; ab = e ^ f; d += f ^ (ab & bc); d += sum0(e);
    w5 += sig1(w3) + w14 + sig0(w6);
    c += w5 + 0x766a0abb; c += ch(h, a, b); c += sum1(h); g += c; bc = d ^ e; c += e ^ (bc & ab); c += sum0(d);
    w6 += sig1(w4) + w15 + sig0(w7);
    b += w6 + 0x81c2c92e; b += ch(g, h, a); b += sum1(g); f += b; ab = c ^ d; b += d ^ (ab & bc); b += sum0(c);
    w7 += sig1(w5) + w0 + sig0(w8);
    a += w7 + 0x92722c85; a += ch(f, g, h); a += sum1(f); e += a; bc = b ^ c; a += c ^ (bc & ab); a += sum0(b);
    w8 += sig1(w6) + w1 + sig0(w9);
    h += w8 + 0xa2bfe8a1; h += ch(e, f, g); h += sum1(e); d += h; ab = a ^ b; h += b ^ (ab & bc); h += sum0(a);
    w9 += sig1(w7) + w2 + sig0(w10);
    g += w9 + 0xa81a664b; g += ch(d, e, f); g += sum1(d); c += g; bc = h ^ a; g += a ^ (bc & ab); g += sum0(h);
    w10 += sig1(w8) + w3 + sig0(w11);
    f += w10 + 0xc24b8b70; f += ch(c, d, e); f += sum1(c); b += f; ab = g ^ h; f += h ^ (ab & bc); f += sum0(g);
    w11 += sig1(w9) + w4 + sig0(w12);
    e += w11 + 0xc76c51a3; e += ch(b, c, d); e += sum1(b); a += e; bc = f ^ g; e += g ^ (bc & ab); e += sum0(f);
    w12 += sig1(w10) + w5 + sig0(w13);
    d += w12 + 0xd192e819; d += ch(a, b, c); d += sum1(a); h += d; ab = e ^ f; d += f ^ (ab & bc); d += sum0(e);
    w13 += sig1(w11) + w6 + sig0(w14);
    c += w13 + 0xd6990624; c += ch(h, a, b); c += sum1(h); g += c; bc = d ^ e; c += e ^ (bc & ab); c += sum0(d);
    w14 += sig1(w12) + w7 + sig0(w15);
    b += w14 + 0xf40e3585; b += ch(g, h, a); b += sum1(g); f += b; ab = c ^ d; b += d ^ (ab & bc); b += sum0(c);
    w15 += sig1(w13) + w8 + sig0(w0);
    a += w15 + 0x106aa070; a += ch(f, g, h); a += sum1(f); e += a; bc = b ^ c; a += c ^ (bc & ab); a += sum0(b);
    w0 += sig1(w14) + w9 + sig0(w1);
    h += w0 + 0x19a4c116; h += ch(e, f, g); h += sum1(e); d += h; ab = a ^ b; h += b ^ (ab & bc); h += sum0(a);
    w1 += sig1(w15) + w10 + sig0(w2);
    g += w1 + 0x1e376c08; g += ch(d, e, f); g += sum1(d); c += g; bc = h ^ a; g += a ^ (bc & ab); g += sum0(h);
    w2 += sig1(w0) + w11 + sig0(w3);
    f += w2 + 0x2748774c; f += ch(c, d, e); f += sum1(c); b += f; ab = g ^ h; f += h ^ (ab & bc); f += sum0(g);
    w3 += sig1(w1) + w12 + sig0(w4);
    e += w3 + 0x34b0bcb5; e += ch(b, c, d); e += sum1(b); a += e; bc = f ^ g; e += g ^ (bc & ab); e += sum0(f);
    w4 += sig1(w2) + w13 + sig0(w5);
    d += w4 + 0x391c0cb3; d += ch(a, b, c); d += sum1(a); h += d; ab = e ^ f; d += f ^ (ab & bc); d += sum0(e);
    w5 += sig1(w3) + w14 + sig0(w6);
    c += w5 + 0x4ed8aa4a; c += ch(h, a, b); c += sum1(h); g += c; bc = d ^ e; c += e ^ (bc & ab); c += sum0(d);
    w6 += sig1(w4) + w15 + sig0(w7);
    b += w6 + 0x5b9cca4f; b += ch(g, h, a); b += sum1(g); f += b; ab = c ^ d; b += d ^ (ab & bc); b += sum0(c);
    w7 += sig1(w5) + w0 + sig0(w8);
    a += w7 + 0x682e6ff3; a += ch(f, g, h); a += sum1(f); e += a; bc = b ^ c; a += c ^ (bc & ab); a += sum0(b);
    w8 += sig1(w6) + w1 + sig0(w9);
    h += w8 + 0x748f82ee; h += ch(e, f, g); h += sum1(e); d += h; ab = a ^ b; h += b ^ (ab & bc); h += sum0(a);
    w9 += sig1(w7) + w2 + sig0(w10);
    g += w9 + 0x78a5636f; g += ch(d, e, f); g += sum1(d); c += g; bc = h ^ a; g += a ^ (bc & ab); g += sum0(h);
    w10 += sig1(w8) + w3 + sig0(w11);
    f += w10 + 0x84c87814; f += ch(c, d, e); f += sum1(c); b += f; ab = g ^ h; f += h ^ (ab & bc); f += sum0(g);
    w11 += sig1(w9) + w4 + sig0(w12);
    e += w11 + 0x8cc70208; e += ch(b, c, d); e += sum1(b); a += e; bc = f ^ g; e += g ^ (bc & ab); e += sum0(f);
    w12 += sig1(w10) + w5 + sig0(w13);
    d += w12 + 0x90befffa; d += ch(a, b, c); d += sum1(a); h += d; ab = e ^ f; d += f ^ (ab & bc); d += sum0(e);
    w13 += sig1(w11) + w6 + sig0(w14);
    c += w13 + 0xa4506ceb; c += ch(h, a, b); c += sum1(h); g += c; bc = d ^ e; c += e ^ (bc & ab); c += sum0(d);
    w14 += sig1(w12) + w7 + sig0(w15);
    b += w14 + 0xbef9a3f7; b += ch(g, h, a); b += sum1(g); f += b; ab = c ^ d; b += d ^ (ab & bc); b += sum0(c);
    w15 += sig1(w13) + w8 + sig0(w0);
    a += w15 + 0xc67178f2; a += ch(f, g, h); a += sum1(f); e += a; bc = b ^ c; a += c ^ (bc & ab); a += sum0(b);
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
