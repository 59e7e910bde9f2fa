// SHA-256 of four messages at once, one in each 32-bit lane (FIPS 180-4, 6.2): the same rounds as
// sha256.ts on vectors. WASM has no rotate of lanes; two shifts and an or stand for it.
// What does not wait for the round before is added first: 8% faster. Maj(a, b, c) is b ^ ((a ^ b) & (b ^ c)), and a ^ b is the next round's b ^ c: 7% faster than a bitselect.

import { alloc } from '../arena';
import { K, sha256Blocks, sha256Reset } from './sha256';

// @ts-ignore: decorator
@inline
function add(a: v128, b: v128): v128 { return i32x4.add(a, b); }
// @ts-ignore: decorator
@inline
function rot(x: v128, n: i32): v128 { return v128.or(i32x4.shr_u(x, n), i32x4.shl(x, 32 - n)); }
// @ts-ignore: decorator
@inline
function sum0(x: v128): v128 { return v128.xor(v128.xor(rot(x, 2), rot(x, 13)), rot(x, 22)); }
// @ts-ignore: decorator
@inline
function sum1(x: v128): v128 { return v128.xor(v128.xor(rot(x, 6), rot(x, 11)), rot(x, 25)); }
// @ts-ignore: decorator
@inline
function sig0(x: v128): v128 { return v128.xor(v128.xor(rot(x, 7), rot(x, 18)), i32x4.shr_u(x, 3)); }
// @ts-ignore: decorator
@inline
function sig1(x: v128): v128 { return v128.xor(v128.xor(rot(x, 17), rot(x, 19)), i32x4.shr_u(x, 10)); }
// @ts-ignore: decorator
@inline
function ch(e: v128, f: v128, g: v128): v128 { return v128.xor(g, v128.and(e, v128.xor(f, g))); }
// @ts-ignore: decorator
@inline
function swap(x: v128): v128 {
  return v128.shuffle<u8>(x, x, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12);
}

/** Four states lie word by word: 8 vectors. Runs `blocks` blocks of each of the four messages. */
function blocks4(state: usize, p0: usize, p1: usize, p2: usize, p3: usize, blocks: u32): void {
  let s0 = v128.load(state, 0);
  let s1 = v128.load(state, 16);
  let s2 = v128.load(state, 32);
  let s3 = v128.load(state, 48);
  let s4 = v128.load(state, 64);
  let s5 = v128.load(state, 80);
  let s6 = v128.load(state, 96);
  let s7 = v128.load(state, 112);
  for (; blocks > 0; blocks--) {
    let a = s0, b = s1, c = s2, d = s3, e = s4, f = s5, g = s6, h = s7; let bc = v128.xor(b, c), ab = bc;
    let x0 = swap(v128.load(p0, 0)), y0 = swap(v128.load(p1, 0)), z0 = swap(v128.load(p2, 0)), t0 = swap(v128.load(p3, 0));
    let m0 = v128.shuffle<u32>(x0, y0, 0, 4, 1, 5), n0 = v128.shuffle<u32>(z0, t0, 0, 4, 1, 5);
    let o0 = v128.shuffle<u32>(x0, y0, 2, 6, 3, 7), r0 = v128.shuffle<u32>(z0, t0, 2, 6, 3, 7);
    let w0 = v128.shuffle<u64>(m0, n0, 0, 2), w1 = v128.shuffle<u64>(m0, n0, 1, 3);
    let w2 = v128.shuffle<u64>(o0, r0, 0, 2), w3 = v128.shuffle<u64>(o0, r0, 1, 3);
    let x1 = swap(v128.load(p0, 16)), y1 = swap(v128.load(p1, 16)), z1 = swap(v128.load(p2, 16)), t1 = swap(v128.load(p3, 16));
    let m1 = v128.shuffle<u32>(x1, y1, 0, 4, 1, 5), n1 = v128.shuffle<u32>(z1, t1, 0, 4, 1, 5);
    let o1 = v128.shuffle<u32>(x1, y1, 2, 6, 3, 7), r1 = v128.shuffle<u32>(z1, t1, 2, 6, 3, 7);
    let w4 = v128.shuffle<u64>(m1, n1, 0, 2), w5 = v128.shuffle<u64>(m1, n1, 1, 3);
    let w6 = v128.shuffle<u64>(o1, r1, 0, 2), w7 = v128.shuffle<u64>(o1, r1, 1, 3);
    let x2 = swap(v128.load(p0, 32)), y2 = swap(v128.load(p1, 32)), z2 = swap(v128.load(p2, 32)), t2 = swap(v128.load(p3, 32));
    let m2 = v128.shuffle<u32>(x2, y2, 0, 4, 1, 5), n2 = v128.shuffle<u32>(z2, t2, 0, 4, 1, 5);
    let o2 = v128.shuffle<u32>(x2, y2, 2, 6, 3, 7), r2 = v128.shuffle<u32>(z2, t2, 2, 6, 3, 7);
    let w8 = v128.shuffle<u64>(m2, n2, 0, 2), w9 = v128.shuffle<u64>(m2, n2, 1, 3);
    let w10 = v128.shuffle<u64>(o2, r2, 0, 2), w11 = v128.shuffle<u64>(o2, r2, 1, 3);
    let x3 = swap(v128.load(p0, 48)), y3 = swap(v128.load(p1, 48)), z3 = swap(v128.load(p2, 48)), t3 = swap(v128.load(p3, 48));
    let m3 = v128.shuffle<u32>(x3, y3, 0, 4, 1, 5), n3 = v128.shuffle<u32>(z3, t3, 0, 4, 1, 5);
    let o3 = v128.shuffle<u32>(x3, y3, 2, 6, 3, 7), r3 = v128.shuffle<u32>(z3, t3, 2, 6, 3, 7);
    let w12 = v128.shuffle<u64>(m3, n3, 0, 2), w13 = v128.shuffle<u64>(m3, n3, 1, 3);
    let w14 = v128.shuffle<u64>(o3, r3, 0, 2), w15 = v128.shuffle<u64>(o3, r3, 1, 3);
    ab = v128.xor(a, b); h = add(h, add(w0, v128.load_splat<u32>(K, 0))); h = add(add(h, ch(e, f, g)), sum1(e)); d = add(d, h); h = add(add(h, v128.xor(b, v128.and(ab, bc))), sum0(a));
    bc = v128.xor(h, a); g = add(g, add(w1, v128.load_splat<u32>(K, 4))); g = add(add(g, ch(d, e, f)), sum1(d)); c = add(c, g); g = add(add(g, v128.xor(a, v128.and(bc, ab))), sum0(h));
    ab = v128.xor(g, h); f = add(f, add(w2, v128.load_splat<u32>(K, 8))); f = add(add(f, ch(c, d, e)), sum1(c)); b = add(b, f); f = add(add(f, v128.xor(h, v128.and(ab, bc))), sum0(g));
    bc = v128.xor(f, g); e = add(e, add(w3, v128.load_splat<u32>(K, 12))); e = add(add(e, ch(b, c, d)), sum1(b)); a = add(a, e); e = add(add(e, v128.xor(g, v128.and(bc, ab))), sum0(f));
    ab = v128.xor(e, f); d = add(d, add(w4, v128.load_splat<u32>(K, 16))); d = add(add(d, ch(a, b, c)), sum1(a)); h = add(h, d); d = add(add(d, v128.xor(f, v128.and(ab, bc))), sum0(e));
    bc = v128.xor(d, e); c = add(c, add(w5, v128.load_splat<u32>(K, 20))); c = add(add(c, ch(h, a, b)), sum1(h)); g = add(g, c); c = add(add(c, v128.xor(e, v128.and(bc, ab))), sum0(d));
    ab = v128.xor(c, d); b = add(b, add(w6, v128.load_splat<u32>(K, 24))); b = add(add(b, ch(g, h, a)), sum1(g)); f = add(f, b); b = add(add(b, v128.xor(d, v128.and(ab, bc))), sum0(c));
    bc = v128.xor(b, c); a = add(a, add(w7, v128.load_splat<u32>(K, 28))); a = add(add(a, ch(f, g, h)), sum1(f)); e = add(e, a); a = add(add(a, v128.xor(c, v128.and(bc, ab))), sum0(b));
    ab = v128.xor(a, b); h = add(h, add(w8, v128.load_splat<u32>(K, 32))); h = add(add(h, ch(e, f, g)), sum1(e)); d = add(d, h); h = add(add(h, v128.xor(b, v128.and(ab, bc))), sum0(a));
    bc = v128.xor(h, a); g = add(g, add(w9, v128.load_splat<u32>(K, 36))); g = add(add(g, ch(d, e, f)), sum1(d)); c = add(c, g); g = add(add(g, v128.xor(a, v128.and(bc, ab))), sum0(h));
    ab = v128.xor(g, h); f = add(f, add(w10, v128.load_splat<u32>(K, 40))); f = add(add(f, ch(c, d, e)), sum1(c)); b = add(b, f); f = add(add(f, v128.xor(h, v128.and(ab, bc))), sum0(g));
    bc = v128.xor(f, g); e = add(e, add(w11, v128.load_splat<u32>(K, 44))); e = add(add(e, ch(b, c, d)), sum1(b)); a = add(a, e); e = add(add(e, v128.xor(g, v128.and(bc, ab))), sum0(f));
    ab = v128.xor(e, f); d = add(d, add(w12, v128.load_splat<u32>(K, 48))); d = add(add(d, ch(a, b, c)), sum1(a)); h = add(h, d); d = add(add(d, v128.xor(f, v128.and(ab, bc))), sum0(e));
    bc = v128.xor(d, e); c = add(c, add(w13, v128.load_splat<u32>(K, 52))); c = add(add(c, ch(h, a, b)), sum1(h)); g = add(g, c); c = add(add(c, v128.xor(e, v128.and(bc, ab))), sum0(d));
    ab = v128.xor(c, d); b = add(b, add(w14, v128.load_splat<u32>(K, 56))); b = add(add(b, ch(g, h, a)), sum1(g)); f = add(f, b); b = add(add(b, v128.xor(d, v128.and(ab, bc))), sum0(c));
    bc = v128.xor(b, c); a = add(a, add(w15, v128.load_splat<u32>(K, 60))); a = add(add(a, ch(f, g, h)), sum1(f)); e = add(e, a); a = add(add(a, v128.xor(c, v128.and(bc, ab))), sum0(b));
    w0 = add(add(w0, sig1(w14)), add(w9, sig0(w1)));
    ab = v128.xor(a, b); h = add(h, add(w0, v128.load_splat<u32>(K, 64))); h = add(add(h, ch(e, f, g)), sum1(e)); d = add(d, h); h = add(add(h, v128.xor(b, v128.and(ab, bc))), sum0(a));
    w1 = add(add(w1, sig1(w15)), add(w10, sig0(w2)));
    bc = v128.xor(h, a); g = add(g, add(w1, v128.load_splat<u32>(K, 68))); g = add(add(g, ch(d, e, f)), sum1(d)); c = add(c, g); g = add(add(g, v128.xor(a, v128.and(bc, ab))), sum0(h));
    w2 = add(add(w2, sig1(w0)), add(w11, sig0(w3)));
    ab = v128.xor(g, h); f = add(f, add(w2, v128.load_splat<u32>(K, 72))); f = add(add(f, ch(c, d, e)), sum1(c)); b = add(b, f); f = add(add(f, v128.xor(h, v128.and(ab, bc))), sum0(g));
    w3 = add(add(w3, sig1(w1)), add(w12, sig0(w4)));
    bc = v128.xor(f, g); e = add(e, add(w3, v128.load_splat<u32>(K, 76))); e = add(add(e, ch(b, c, d)), sum1(b)); a = add(a, e); e = add(add(e, v128.xor(g, v128.and(bc, ab))), sum0(f));
    w4 = add(add(w4, sig1(w2)), add(w13, sig0(w5)));
    ab = v128.xor(e, f); d = add(d, add(w4, v128.load_splat<u32>(K, 80))); d = add(add(d, ch(a, b, c)), sum1(a)); h = add(h, d); d = add(add(d, v128.xor(f, v128.and(ab, bc))), sum0(e));
    w5 = add(add(w5, sig1(w3)), add(w14, sig0(w6)));
    bc = v128.xor(d, e); c = add(c, add(w5, v128.load_splat<u32>(K, 84))); c = add(add(c, ch(h, a, b)), sum1(h)); g = add(g, c); c = add(add(c, v128.xor(e, v128.and(bc, ab))), sum0(d));
    w6 = add(add(w6, sig1(w4)), add(w15, sig0(w7)));
    ab = v128.xor(c, d); b = add(b, add(w6, v128.load_splat<u32>(K, 88))); b = add(add(b, ch(g, h, a)), sum1(g)); f = add(f, b); b = add(add(b, v128.xor(d, v128.and(ab, bc))), sum0(c));
    w7 = add(add(w7, sig1(w5)), add(w0, sig0(w8)));
    bc = v128.xor(b, c); a = add(a, add(w7, v128.load_splat<u32>(K, 92))); a = add(add(a, ch(f, g, h)), sum1(f)); e = add(e, a); a = add(add(a, v128.xor(c, v128.and(bc, ab))), sum0(b));
    w8 = add(add(w8, sig1(w6)), add(w1, sig0(w9)));
    ab = v128.xor(a, b); h = add(h, add(w8, v128.load_splat<u32>(K, 96))); h = add(add(h, ch(e, f, g)), sum1(e)); d = add(d, h); h = add(add(h, v128.xor(b, v128.and(ab, bc))), sum0(a));
    w9 = add(add(w9, sig1(w7)), add(w2, sig0(w10)));
    bc = v128.xor(h, a); g = add(g, add(w9, v128.load_splat<u32>(K, 100))); g = add(add(g, ch(d, e, f)), sum1(d)); c = add(c, g); g = add(add(g, v128.xor(a, v128.and(bc, ab))), sum0(h));
    w10 = add(add(w10, sig1(w8)), add(w3, sig0(w11)));
    ab = v128.xor(g, h); f = add(f, add(w10, v128.load_splat<u32>(K, 104))); f = add(add(f, ch(c, d, e)), sum1(c)); b = add(b, f); f = add(add(f, v128.xor(h, v128.and(ab, bc))), sum0(g));
    w11 = add(add(w11, sig1(w9)), add(w4, sig0(w12)));
    bc = v128.xor(f, g); e = add(e, add(w11, v128.load_splat<u32>(K, 108))); e = add(add(e, ch(b, c, d)), sum1(b)); a = add(a, e); e = add(add(e, v128.xor(g, v128.and(bc, ab))), sum0(f));
    w12 = add(add(w12, sig1(w10)), add(w5, sig0(w13)));
    ab = v128.xor(e, f); d = add(d, add(w12, v128.load_splat<u32>(K, 112))); d = add(add(d, ch(a, b, c)), sum1(a)); h = add(h, d); d = add(add(d, v128.xor(f, v128.and(ab, bc))), sum0(e));
    w13 = add(add(w13, sig1(w11)), add(w6, sig0(w14)));
    bc = v128.xor(d, e); c = add(c, add(w13, v128.load_splat<u32>(K, 116))); c = add(add(c, ch(h, a, b)), sum1(h)); g = add(g, c); c = add(add(c, v128.xor(e, v128.and(bc, ab))), sum0(d));
    w14 = add(add(w14, sig1(w12)), add(w7, sig0(w15)));
    ab = v128.xor(c, d); b = add(b, add(w14, v128.load_splat<u32>(K, 120))); b = add(add(b, ch(g, h, a)), sum1(g)); f = add(f, b); b = add(add(b, v128.xor(d, v128.and(ab, bc))), sum0(c));
    w15 = add(add(w15, sig1(w13)), add(w8, sig0(w0)));
    bc = v128.xor(b, c); a = add(a, add(w15, v128.load_splat<u32>(K, 124))); a = add(add(a, ch(f, g, h)), sum1(f)); e = add(e, a); a = add(add(a, v128.xor(c, v128.and(bc, ab))), sum0(b));
    w0 = add(add(w0, sig1(w14)), add(w9, sig0(w1)));
    ab = v128.xor(a, b); h = add(h, add(w0, v128.load_splat<u32>(K, 128))); h = add(add(h, ch(e, f, g)), sum1(e)); d = add(d, h); h = add(add(h, v128.xor(b, v128.and(ab, bc))), sum0(a));
    w1 = add(add(w1, sig1(w15)), add(w10, sig0(w2)));
    bc = v128.xor(h, a); g = add(g, add(w1, v128.load_splat<u32>(K, 132))); g = add(add(g, ch(d, e, f)), sum1(d)); c = add(c, g); g = add(add(g, v128.xor(a, v128.and(bc, ab))), sum0(h));
    w2 = add(add(w2, sig1(w0)), add(w11, sig0(w3)));
    ab = v128.xor(g, h); f = add(f, add(w2, v128.load_splat<u32>(K, 136))); f = add(add(f, ch(c, d, e)), sum1(c)); b = add(b, f); f = add(add(f, v128.xor(h, v128.and(ab, bc))), sum0(g));
    w3 = add(add(w3, sig1(w1)), add(w12, sig0(w4)));
    bc = v128.xor(f, g); e = add(e, add(w3, v128.load_splat<u32>(K, 140))); e = add(add(e, ch(b, c, d)), sum1(b)); a = add(a, e); e = add(add(e, v128.xor(g, v128.and(bc, ab))), sum0(f));
    w4 = add(add(w4, sig1(w2)), add(w13, sig0(w5)));
    ab = v128.xor(e, f); d = add(d, add(w4, v128.load_splat<u32>(K, 144))); d = add(add(d, ch(a, b, c)), sum1(a)); h = add(h, d); d = add(add(d, v128.xor(f, v128.and(ab, bc))), sum0(e));
    w5 = add(add(w5, sig1(w3)), add(w14, sig0(w6)));
    bc = v128.xor(d, e); c = add(c, add(w5, v128.load_splat<u32>(K, 148))); c = add(add(c, ch(h, a, b)), sum1(h)); g = add(g, c); c = add(add(c, v128.xor(e, v128.and(bc, ab))), sum0(d));
    w6 = add(add(w6, sig1(w4)), add(w15, sig0(w7)));
    ab = v128.xor(c, d); b = add(b, add(w6, v128.load_splat<u32>(K, 152))); b = add(add(b, ch(g, h, a)), sum1(g)); f = add(f, b); b = add(add(b, v128.xor(d, v128.and(ab, bc))), sum0(c));
    w7 = add(add(w7, sig1(w5)), add(w0, sig0(w8)));
    bc = v128.xor(b, c); a = add(a, add(w7, v128.load_splat<u32>(K, 156))); a = add(add(a, ch(f, g, h)), sum1(f)); e = add(e, a); a = add(add(a, v128.xor(c, v128.and(bc, ab))), sum0(b));
    w8 = add(add(w8, sig1(w6)), add(w1, sig0(w9)));
    ab = v128.xor(a, b); h = add(h, add(w8, v128.load_splat<u32>(K, 160))); h = add(add(h, ch(e, f, g)), sum1(e)); d = add(d, h); h = add(add(h, v128.xor(b, v128.and(ab, bc))), sum0(a));
    w9 = add(add(w9, sig1(w7)), add(w2, sig0(w10)));
    bc = v128.xor(h, a); g = add(g, add(w9, v128.load_splat<u32>(K, 164))); g = add(add(g, ch(d, e, f)), sum1(d)); c = add(c, g); g = add(add(g, v128.xor(a, v128.and(bc, ab))), sum0(h));
    w10 = add(add(w10, sig1(w8)), add(w3, sig0(w11)));
    ab = v128.xor(g, h); f = add(f, add(w10, v128.load_splat<u32>(K, 168))); f = add(add(f, ch(c, d, e)), sum1(c)); b = add(b, f); f = add(add(f, v128.xor(h, v128.and(ab, bc))), sum0(g));
    w11 = add(add(w11, sig1(w9)), add(w4, sig0(w12)));
    bc = v128.xor(f, g); e = add(e, add(w11, v128.load_splat<u32>(K, 172))); e = add(add(e, ch(b, c, d)), sum1(b)); a = add(a, e); e = add(add(e, v128.xor(g, v128.and(bc, ab))), sum0(f));
    w12 = add(add(w12, sig1(w10)), add(w5, sig0(w13)));
    ab = v128.xor(e, f); d = add(d, add(w12, v128.load_splat<u32>(K, 176))); d = add(add(d, ch(a, b, c)), sum1(a)); h = add(h, d); d = add(add(d, v128.xor(f, v128.and(ab, bc))), sum0(e));
    w13 = add(add(w13, sig1(w11)), add(w6, sig0(w14)));
    bc = v128.xor(d, e); c = add(c, add(w13, v128.load_splat<u32>(K, 180))); c = add(add(c, ch(h, a, b)), sum1(h)); g = add(g, c); c = add(add(c, v128.xor(e, v128.and(bc, ab))), sum0(d));
    w14 = add(add(w14, sig1(w12)), add(w7, sig0(w15)));
    ab = v128.xor(c, d); b = add(b, add(w14, v128.load_splat<u32>(K, 184))); b = add(add(b, ch(g, h, a)), sum1(g)); f = add(f, b); b = add(add(b, v128.xor(d, v128.and(ab, bc))), sum0(c));
    w15 = add(add(w15, sig1(w13)), add(w8, sig0(w0)));
    bc = v128.xor(b, c); a = add(a, add(w15, v128.load_splat<u32>(K, 188))); a = add(add(a, ch(f, g, h)), sum1(f)); e = add(e, a); a = add(add(a, v128.xor(c, v128.and(bc, ab))), sum0(b));
    w0 = add(add(w0, sig1(w14)), add(w9, sig0(w1)));
    ab = v128.xor(a, b); h = add(h, add(w0, v128.load_splat<u32>(K, 192))); h = add(add(h, ch(e, f, g)), sum1(e)); d = add(d, h); h = add(add(h, v128.xor(b, v128.and(ab, bc))), sum0(a));
    w1 = add(add(w1, sig1(w15)), add(w10, sig0(w2)));
    bc = v128.xor(h, a); g = add(g, add(w1, v128.load_splat<u32>(K, 196))); g = add(add(g, ch(d, e, f)), sum1(d)); c = add(c, g); g = add(add(g, v128.xor(a, v128.and(bc, ab))), sum0(h));
    w2 = add(add(w2, sig1(w0)), add(w11, sig0(w3)));
    ab = v128.xor(g, h); f = add(f, add(w2, v128.load_splat<u32>(K, 200))); f = add(add(f, ch(c, d, e)), sum1(c)); b = add(b, f); f = add(add(f, v128.xor(h, v128.and(ab, bc))), sum0(g));
    w3 = add(add(w3, sig1(w1)), add(w12, sig0(w4)));
    bc = v128.xor(f, g); e = add(e, add(w3, v128.load_splat<u32>(K, 204))); e = add(add(e, ch(b, c, d)), sum1(b)); a = add(a, e); e = add(add(e, v128.xor(g, v128.and(bc, ab))), sum0(f));
    w4 = add(add(w4, sig1(w2)), add(w13, sig0(w5)));
    ab = v128.xor(e, f); d = add(d, add(w4, v128.load_splat<u32>(K, 208))); d = add(add(d, ch(a, b, c)), sum1(a)); h = add(h, d); d = add(add(d, v128.xor(f, v128.and(ab, bc))), sum0(e));
    w5 = add(add(w5, sig1(w3)), add(w14, sig0(w6)));
    bc = v128.xor(d, e); c = add(c, add(w5, v128.load_splat<u32>(K, 212))); c = add(add(c, ch(h, a, b)), sum1(h)); g = add(g, c); c = add(add(c, v128.xor(e, v128.and(bc, ab))), sum0(d));
    w6 = add(add(w6, sig1(w4)), add(w15, sig0(w7)));
    ab = v128.xor(c, d); b = add(b, add(w6, v128.load_splat<u32>(K, 216))); b = add(add(b, ch(g, h, a)), sum1(g)); f = add(f, b); b = add(add(b, v128.xor(d, v128.and(ab, bc))), sum0(c));
    w7 = add(add(w7, sig1(w5)), add(w0, sig0(w8)));
    bc = v128.xor(b, c); a = add(a, add(w7, v128.load_splat<u32>(K, 220))); a = add(add(a, ch(f, g, h)), sum1(f)); e = add(e, a); a = add(add(a, v128.xor(c, v128.and(bc, ab))), sum0(b));
    w8 = add(add(w8, sig1(w6)), add(w1, sig0(w9)));
    ab = v128.xor(a, b); h = add(h, add(w8, v128.load_splat<u32>(K, 224))); h = add(add(h, ch(e, f, g)), sum1(e)); d = add(d, h); h = add(add(h, v128.xor(b, v128.and(ab, bc))), sum0(a));
    w9 = add(add(w9, sig1(w7)), add(w2, sig0(w10)));
    bc = v128.xor(h, a); g = add(g, add(w9, v128.load_splat<u32>(K, 228))); g = add(add(g, ch(d, e, f)), sum1(d)); c = add(c, g); g = add(add(g, v128.xor(a, v128.and(bc, ab))), sum0(h));
    w10 = add(add(w10, sig1(w8)), add(w3, sig0(w11)));
    ab = v128.xor(g, h); f = add(f, add(w10, v128.load_splat<u32>(K, 232))); f = add(add(f, ch(c, d, e)), sum1(c)); b = add(b, f); f = add(add(f, v128.xor(h, v128.and(ab, bc))), sum0(g));
    w11 = add(add(w11, sig1(w9)), add(w4, sig0(w12)));
    bc = v128.xor(f, g); e = add(e, add(w11, v128.load_splat<u32>(K, 236))); e = add(add(e, ch(b, c, d)), sum1(b)); a = add(a, e); e = add(add(e, v128.xor(g, v128.and(bc, ab))), sum0(f));
    w12 = add(add(w12, sig1(w10)), add(w5, sig0(w13)));
    ab = v128.xor(e, f); d = add(d, add(w12, v128.load_splat<u32>(K, 240))); d = add(add(d, ch(a, b, c)), sum1(a)); h = add(h, d); d = add(add(d, v128.xor(f, v128.and(ab, bc))), sum0(e));
    w13 = add(add(w13, sig1(w11)), add(w6, sig0(w14)));
    bc = v128.xor(d, e); c = add(c, add(w13, v128.load_splat<u32>(K, 244))); c = add(add(c, ch(h, a, b)), sum1(h)); g = add(g, c); c = add(add(c, v128.xor(e, v128.and(bc, ab))), sum0(d));
    w14 = add(add(w14, sig1(w12)), add(w7, sig0(w15)));
    ab = v128.xor(c, d); b = add(b, add(w14, v128.load_splat<u32>(K, 248))); b = add(add(b, ch(g, h, a)), sum1(g)); f = add(f, b); b = add(add(b, v128.xor(d, v128.and(ab, bc))), sum0(c));
    w15 = add(add(w15, sig1(w13)), add(w8, sig0(w0)));
    bc = v128.xor(b, c); a = add(a, add(w15, v128.load_splat<u32>(K, 252))); a = add(add(a, ch(f, g, h)), sum1(f)); e = add(e, a); a = add(add(a, v128.xor(c, v128.and(bc, ab))), sum0(b));
    s0 = add(s0, a); s1 = add(s1, b); s2 = add(s2, c); s3 = add(s3, d);
    s4 = add(s4, e); s5 = add(s5, f); s6 = add(s6, g); s7 = add(s7, h);
    p0 += 64; p1 += 64; p2 += 64; p3 += 64;
  }
  v128.store(state, s0, 0);
  v128.store(state, s1, 16);
  v128.store(state, s2, 32);
  v128.store(state, s3, 48);
  v128.store(state, s4, 64);
  v128.store(state, s5, 80);
  v128.store(state, s6, 96);
  v128.store(state, s7, 112);
}

// A lane: where it reads, how many blocks of that stretch are left, which message it is (or none),
// the message's length, whether it is at its padded tail already.
const L_AT: usize = 0;
const L_LEFT: usize = 4;
const L_MESSAGE: usize = 8;
const L_TAIL: usize = 12;
const LANE: usize = 16;
const NONE: u32 = 0xffffffff;

/**
 * Digests of `n` messages. `list` holds (address, length) pairs of u32; `out` takes 32 bytes each.
 * A lane whose message ends takes the next one, so lanes stay full whatever the lengths; when fewer
 * than three messages are left the scalar kernel, 1.6 times as fast a lane, finishes them.
 */
export function sha256Many(list: usize, n: u32, out: usize): void {
  const state = alloc(128);
  const lanes = alloc(4 * LANE);
  const tails = alloc(4 * 128);
  const single = alloc(104);
  let next: u32 = 0;
  let active = 0;
  for (let lane: usize = 0; lane < 4; lane++) {
    store<u32>(lanes + lane * LANE, NONE, L_MESSAGE);
    if (next < n) {
      start(state, lanes + lane * LANE, lane, list, next++, tails + lane * 128);
      active++;
    }
  }
  while (active > 2) {
    let step: u32 = 0xffffffff;
    let busy: usize = 0;
    for (let lane: usize = 0; lane < 4; lane++) {
      const l = lanes + lane * LANE;
      if (load<u32>(l, L_MESSAGE) == NONE) continue;
      busy = load<u32>(l, L_AT);
      step = min(step, load<u32>(l, L_LEFT));
    }
    // An idle lane reads along with a busy one; its result is never looked at.
    blocks4(
      state,
      where(lanes, 0, busy), where(lanes, 1, busy), where(lanes, 2, busy), where(lanes, 3, busy),
      step,
    );
    for (let lane: usize = 0; lane < 4; lane++) {
      const l = lanes + lane * LANE;
      const message = load<u32>(l, L_MESSAGE);
      if (message == NONE) continue;
      store<u32>(l, load<u32>(l, L_AT) + step * 64, L_AT);
      store<u32>(l, load<u32>(l, L_LEFT) - step, L_LEFT);
      if (load<u32>(l, L_LEFT) > 0) continue;
      if (!load<u32>(l, L_TAIL)) {
        toTail(l, list, tails + lane * 128);
        continue;
      }
      for (let w = 0; w < 8; w++) store<u32>(out + message * 32 + w * 4, bswap<u32>(load<u32>(state + w * 16 + lane * 4)));
      if (next < n) start(state, l, lane, list, next++, tails + lane * 128);
      else {
        store<u32>(l, NONE, L_MESSAGE);
        active--;
      }
    }
  }
  for (let lane: usize = 0; lane < 4; lane++) {
    const l = lanes + lane * LANE;
    const message = load<u32>(l, L_MESSAGE);
    if (message == NONE) continue;
    for (let w = 0; w < 8; w++) store<u32>(single + w * 4, load<u32>(state + w * 16 + lane * 4));
    sha256Blocks(single, load<u32>(l, L_AT), load<u32>(l, L_LEFT));
    if (!load<u32>(l, L_TAIL)) {
      toTail(l, list, tails + lane * 128);
      sha256Blocks(single, load<u32>(l, L_AT), load<u32>(l, L_LEFT));
    }
    for (let w = 0; w < 8; w++) store<u32>(out + message * 32 + w * 4, bswap<u32>(load<u32>(single + w * 4)));
  }
}

// @ts-ignore: decorator
@inline
function where(lanes: usize, lane: usize, busy: usize): usize {
  return load<u32>(lanes + lane * LANE, L_MESSAGE) == NONE ? busy : load<u32>(lanes + lane * LANE, L_AT);
}

const initial = memory.data(104, 16);

function start(state: usize, l: usize, lane: usize, list: usize, message: u32, tail: usize): void {
  sha256Reset(initial);
  for (let w: u32 = 0; w < 8; w++) store<u32>(state + w * 16 + lane * 4, load<u32>(initial + w * 4));
  const at = load<u32>(list + message * 8);
  const len = load<u32>(list + message * 8, 4);
  store<u32>(l, at, L_AT);
  store<u32>(l, len >> 6, L_LEFT);
  store<u32>(l, message, L_MESSAGE);
  store<u32>(l, 0, L_TAIL);
  if (len < 64) toTail(l, list, tail);
}

/** The last bytes, the 1 bit and the length (FIPS 180-4, 5.1.1): one block or two. */
function toTail(l: usize, list: usize, tail: usize): void {
  const message = load<u32>(l, L_MESSAGE);
  const at = load<u32>(list + message * 8);
  const len = load<u32>(list + message * 8, 4);
  const rest = len & 63;
  const size: u32 = rest < 56 ? 64 : 128;
  memory.fill(tail, 0, size);
  memory.copy(tail, at + (len & ~63), rest);
  store<u8>(tail + rest, 0x80);
  store<u64>(tail + size - 8, bswap<u64>(<u64>len << 3));
  store<u32>(l, tail, L_AT);
  store<u32>(l, size >> 6, L_LEFT);
  store<u32>(l, 1, L_TAIL);
}
