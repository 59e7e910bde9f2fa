// SHA-256's compression of five messages at once: four in the lanes of blocks4.ts, and beside each of their rounds
// the same of a fifth in the processor's integer units, which have nothing to do meanwhile: 25% more bytes in the same
// time (993 MiB/s, 793 without). Where another thread has the other half of the core those units are not free, and
// four at a time are 12% faster (750 and 660): the caller measures.
//
// The fifth's rotates are rotates of rotates, which are two instructions fewer: alone that is slower (a round waits
// for the last, see blocks.ts), here there is time. Slower were also: its schedule in vectors (10%), all rounds
// written out (45%: they are more than the processor keeps decoded), its round before or after the vectors' (1 to 3%).

import { K, K_BYTES, wordsAt } from './constants';
import { add, addT2, even, high, low, next, odd, t1, xor } from './vectors';

/** The fifth's schedule: its last sixteen words. */
const W = memory.data(64, 16);

/** T1 (6.2.2, step 3). */
// @ts-ignore: decorator
@inline
function wordT1(h: u32, e: u32, f: u32, g: u32, w: u32, k: u32): u32 {
  return h + (w + k) + (g ^ (e & (f ^ g))) + rotr<u32>(e ^ rotr<u32>(e ^ rotr<u32>(e, 14), 5), 6);
}
/** With T2 the new a. */
// @ts-ignore: decorator
@inline
function wordAddT2(t: u32, a: u32, b: u32, ab: u32, bc: u32): u32 {
  return t + (b ^ (ab & bc)) + rotr<u32>(a ^ rotr<u32>(a ^ rotr<u32>(a, 9), 11), 2);
}
/** Word `i / 4` of the block. */
// @ts-ignore: decorator
@inline
function wordAt(block: usize, i: usize): u32 {
  const word = bswap<u32>(load<u32>(block + i));
  store<u32>(W + i, word);
  return word;
}
/** The word sixteen after that at `i` (6.2.2, step 1), made of those 1, 9 and 14 after it. */
// @ts-ignore: decorator
@inline
function nextWord(i: usize): u32 {
  const w1 = load<u32>(W + ((i + 4) & 63)), w14 = load<u32>(W + ((i + 56) & 63));
  const sig0 = rotr<u32>(w1 ^ rotr<u32>(w1, 11), 7) ^ (w1 >> 3);
  const sig1 = rotr<u32>(w14 ^ rotr<u32>(w14, 2), 17) ^ (w14 >> 10);
  const word = sig1 + sig0 + load<u32>(W + ((i + 36) & 63)) + load<u32>(W + i);
  store<u32>(W + i, word);
  return word;
}

/**
 * Four states lie word by word: 8 vectors; the fifth's at `word`. Runs `blocks` blocks of each of the five messages.
 * The fifth's variables are the capital ones.
 */
export function sha256Blocks5(
  state: usize, p0: usize, p1: usize, p2: usize, p3: usize, word: usize, p4: usize, blocks: u32,
): void {
  let s0 = v128.load(state, 0), s1 = v128.load(state, 16);
  let s2 = v128.load(state, 32), s3 = v128.load(state, 48);
  let s4 = v128.load(state, 64), s5 = v128.load(state, 80);
  let s6 = v128.load(state, 96), s7 = v128.load(state, 112);
  for (; blocks > 0; blocks--) {
    let a = s0, b = s1, c = s2, d = s3, e = s4, f = s5, g = s6, h = s7, bc = xor(b, c), ab = bc;
    let A = load<u32>(word), B = load<u32>(word, 4), C = load<u32>(word, 8), D = load<u32>(word, 12);
    let E = load<u32>(word, 16), F = load<u32>(word, 20), G = load<u32>(word, 24), H = load<u32>(word, 28);
    let BC = B ^ C, AB = BC;
    let x0 = wordsAt(p0), y0 = wordsAt(p1), z0 = wordsAt(p2), v0 = wordsAt(p3);
    let m0 = low(x0, y0), n0 = low(z0, v0), o0 = high(x0, y0), r0 = high(z0, v0);
    let w0 = even(m0, n0), w1 = odd(m0, n0), w2 = even(o0, r0), w3 = odd(o0, r0);
    let x1 = wordsAt(p0 + 16), y1 = wordsAt(p1 + 16), z1 = wordsAt(p2 + 16), v1 = wordsAt(p3 + 16);
    let m1 = low(x1, y1), n1 = low(z1, v1), o1 = high(x1, y1), r1 = high(z1, v1);
    let w4 = even(m1, n1), w5 = odd(m1, n1), w6 = even(o1, r1), w7 = odd(o1, r1);
    let x2 = wordsAt(p0 + 32), y2 = wordsAt(p1 + 32), z2 = wordsAt(p2 + 32), v2 = wordsAt(p3 + 32);
    let m2 = low(x2, y2), n2 = low(z2, v2), o2 = high(x2, y2), r2 = high(z2, v2);
    let w8 = even(m2, n2), w9 = odd(m2, n2), w10 = even(o2, r2), w11 = odd(o2, r2);
    let x3 = wordsAt(p0 + 48), y3 = wordsAt(p1 + 48), z3 = wordsAt(p2 + 48), v3 = wordsAt(p3 + 48);
    let m3 = low(x3, y3), n3 = low(z3, v3), o3 = high(x3, y3), r3 = high(z3, v3);
    let w12 = even(m3, n3), w13 = odd(m3, n3), w14 = even(o3, r3), w15 = odd(o3, r3);
    AB = A ^ B; H = wordT1(H, E, F, G, wordAt(p4, 0), load<u32>(K, 0)); D += H;
    ab = xor(a, b); h = t1(h, e, f, g, w0, v128.load_splat<u32>(K, 0)); d = add(d, h);
    H = wordAddT2(H, A, B, AB, BC); h = addT2(h, a, b, ab, bc);
    BC = H ^ A; G = wordT1(G, D, E, F, wordAt(p4, 4), load<u32>(K, 4)); C += G;
    bc = xor(h, a); g = t1(g, d, e, f, w1, v128.load_splat<u32>(K, 4)); c = add(c, g);
    G = wordAddT2(G, H, A, BC, AB); g = addT2(g, h, a, bc, ab);
    AB = G ^ H; F = wordT1(F, C, D, E, wordAt(p4, 8), load<u32>(K, 8)); B += F;
    ab = xor(g, h); f = t1(f, c, d, e, w2, v128.load_splat<u32>(K, 8)); b = add(b, f);
    F = wordAddT2(F, G, H, AB, BC); f = addT2(f, g, h, ab, bc);
    BC = F ^ G; E = wordT1(E, B, C, D, wordAt(p4, 12), load<u32>(K, 12)); A += E;
    bc = xor(f, g); e = t1(e, b, c, d, w3, v128.load_splat<u32>(K, 12)); a = add(a, e);
    E = wordAddT2(E, F, G, BC, AB); e = addT2(e, f, g, bc, ab);
    AB = E ^ F; D = wordT1(D, A, B, C, wordAt(p4, 16), load<u32>(K, 16)); H += D;
    ab = xor(e, f); d = t1(d, a, b, c, w4, v128.load_splat<u32>(K, 16)); h = add(h, d);
    D = wordAddT2(D, E, F, AB, BC); d = addT2(d, e, f, ab, bc);
    BC = D ^ E; C = wordT1(C, H, A, B, wordAt(p4, 20), load<u32>(K, 20)); G += C;
    bc = xor(d, e); c = t1(c, h, a, b, w5, v128.load_splat<u32>(K, 20)); g = add(g, c);
    C = wordAddT2(C, D, E, BC, AB); c = addT2(c, d, e, bc, ab);
    AB = C ^ D; B = wordT1(B, G, H, A, wordAt(p4, 24), load<u32>(K, 24)); F += B;
    ab = xor(c, d); b = t1(b, g, h, a, w6, v128.load_splat<u32>(K, 24)); f = add(f, b);
    B = wordAddT2(B, C, D, AB, BC); b = addT2(b, c, d, ab, bc);
    BC = B ^ C; A = wordT1(A, F, G, H, wordAt(p4, 28), load<u32>(K, 28)); E += A;
    bc = xor(b, c); a = t1(a, f, g, h, w7, v128.load_splat<u32>(K, 28)); e = add(e, a);
    A = wordAddT2(A, B, C, BC, AB); a = addT2(a, b, c, bc, ab);
    AB = A ^ B; H = wordT1(H, E, F, G, wordAt(p4, 32), load<u32>(K, 32)); D += H;
    ab = xor(a, b); h = t1(h, e, f, g, w8, v128.load_splat<u32>(K, 32)); d = add(d, h);
    H = wordAddT2(H, A, B, AB, BC); h = addT2(h, a, b, ab, bc);
    BC = H ^ A; G = wordT1(G, D, E, F, wordAt(p4, 36), load<u32>(K, 36)); C += G;
    bc = xor(h, a); g = t1(g, d, e, f, w9, v128.load_splat<u32>(K, 36)); c = add(c, g);
    G = wordAddT2(G, H, A, BC, AB); g = addT2(g, h, a, bc, ab);
    AB = G ^ H; F = wordT1(F, C, D, E, wordAt(p4, 40), load<u32>(K, 40)); B += F;
    ab = xor(g, h); f = t1(f, c, d, e, w10, v128.load_splat<u32>(K, 40)); b = add(b, f);
    F = wordAddT2(F, G, H, AB, BC); f = addT2(f, g, h, ab, bc);
    BC = F ^ G; E = wordT1(E, B, C, D, wordAt(p4, 44), load<u32>(K, 44)); A += E;
    bc = xor(f, g); e = t1(e, b, c, d, w11, v128.load_splat<u32>(K, 44)); a = add(a, e);
    E = wordAddT2(E, F, G, BC, AB); e = addT2(e, f, g, bc, ab);
    AB = E ^ F; D = wordT1(D, A, B, C, wordAt(p4, 48), load<u32>(K, 48)); H += D;
    ab = xor(e, f); d = t1(d, a, b, c, w12, v128.load_splat<u32>(K, 48)); h = add(h, d);
    D = wordAddT2(D, E, F, AB, BC); d = addT2(d, e, f, ab, bc);
    BC = D ^ E; C = wordT1(C, H, A, B, wordAt(p4, 52), load<u32>(K, 52)); G += C;
    bc = xor(d, e); c = t1(c, h, a, b, w13, v128.load_splat<u32>(K, 52)); g = add(g, c);
    C = wordAddT2(C, D, E, BC, AB); c = addT2(c, d, e, bc, ab);
    AB = C ^ D; B = wordT1(B, G, H, A, wordAt(p4, 56), load<u32>(K, 56)); F += B;
    ab = xor(c, d); b = t1(b, g, h, a, w14, v128.load_splat<u32>(K, 56)); f = add(f, b);
    B = wordAddT2(B, C, D, AB, BC); b = addT2(b, c, d, ab, bc);
    BC = B ^ C; A = wordT1(A, F, G, H, wordAt(p4, 60), load<u32>(K, 60)); E += A;
    bc = xor(b, c); a = t1(a, f, g, h, w15, v128.load_splat<u32>(K, 60)); e = add(e, a);
    A = wordAddT2(A, B, C, BC, AB); a = addT2(a, b, c, bc, ab);
    for (let k = K + 64; k < K + K_BYTES; k += 64) {
      w0 = next(w0, w1, w9, w14);
      AB = A ^ B; H = wordT1(H, E, F, G, nextWord(0), load<u32>(k, 0)); D += H;
      ab = xor(a, b); h = t1(h, e, f, g, w0, v128.load_splat<u32>(k, 0)); d = add(d, h);
      H = wordAddT2(H, A, B, AB, BC); h = addT2(h, a, b, ab, bc);
      w1 = next(w1, w2, w10, w15);
      BC = H ^ A; G = wordT1(G, D, E, F, nextWord(4), load<u32>(k, 4)); C += G;
      bc = xor(h, a); g = t1(g, d, e, f, w1, v128.load_splat<u32>(k, 4)); c = add(c, g);
      G = wordAddT2(G, H, A, BC, AB); g = addT2(g, h, a, bc, ab);
      w2 = next(w2, w3, w11, w0);
      AB = G ^ H; F = wordT1(F, C, D, E, nextWord(8), load<u32>(k, 8)); B += F;
      ab = xor(g, h); f = t1(f, c, d, e, w2, v128.load_splat<u32>(k, 8)); b = add(b, f);
      F = wordAddT2(F, G, H, AB, BC); f = addT2(f, g, h, ab, bc);
      w3 = next(w3, w4, w12, w1);
      BC = F ^ G; E = wordT1(E, B, C, D, nextWord(12), load<u32>(k, 12)); A += E;
      bc = xor(f, g); e = t1(e, b, c, d, w3, v128.load_splat<u32>(k, 12)); a = add(a, e);
      E = wordAddT2(E, F, G, BC, AB); e = addT2(e, f, g, bc, ab);
      w4 = next(w4, w5, w13, w2);
      AB = E ^ F; D = wordT1(D, A, B, C, nextWord(16), load<u32>(k, 16)); H += D;
      ab = xor(e, f); d = t1(d, a, b, c, w4, v128.load_splat<u32>(k, 16)); h = add(h, d);
      D = wordAddT2(D, E, F, AB, BC); d = addT2(d, e, f, ab, bc);
      w5 = next(w5, w6, w14, w3);
      BC = D ^ E; C = wordT1(C, H, A, B, nextWord(20), load<u32>(k, 20)); G += C;
      bc = xor(d, e); c = t1(c, h, a, b, w5, v128.load_splat<u32>(k, 20)); g = add(g, c);
      C = wordAddT2(C, D, E, BC, AB); c = addT2(c, d, e, bc, ab);
      w6 = next(w6, w7, w15, w4);
      AB = C ^ D; B = wordT1(B, G, H, A, nextWord(24), load<u32>(k, 24)); F += B;
      ab = xor(c, d); b = t1(b, g, h, a, w6, v128.load_splat<u32>(k, 24)); f = add(f, b);
      B = wordAddT2(B, C, D, AB, BC); b = addT2(b, c, d, ab, bc);
      w7 = next(w7, w8, w0, w5);
      BC = B ^ C; A = wordT1(A, F, G, H, nextWord(28), load<u32>(k, 28)); E += A;
      bc = xor(b, c); a = t1(a, f, g, h, w7, v128.load_splat<u32>(k, 28)); e = add(e, a);
      A = wordAddT2(A, B, C, BC, AB); a = addT2(a, b, c, bc, ab);
      w8 = next(w8, w9, w1, w6);
      AB = A ^ B; H = wordT1(H, E, F, G, nextWord(32), load<u32>(k, 32)); D += H;
      ab = xor(a, b); h = t1(h, e, f, g, w8, v128.load_splat<u32>(k, 32)); d = add(d, h);
      H = wordAddT2(H, A, B, AB, BC); h = addT2(h, a, b, ab, bc);
      w9 = next(w9, w10, w2, w7);
      BC = H ^ A; G = wordT1(G, D, E, F, nextWord(36), load<u32>(k, 36)); C += G;
      bc = xor(h, a); g = t1(g, d, e, f, w9, v128.load_splat<u32>(k, 36)); c = add(c, g);
      G = wordAddT2(G, H, A, BC, AB); g = addT2(g, h, a, bc, ab);
      w10 = next(w10, w11, w3, w8);
      AB = G ^ H; F = wordT1(F, C, D, E, nextWord(40), load<u32>(k, 40)); B += F;
      ab = xor(g, h); f = t1(f, c, d, e, w10, v128.load_splat<u32>(k, 40)); b = add(b, f);
      F = wordAddT2(F, G, H, AB, BC); f = addT2(f, g, h, ab, bc);
      w11 = next(w11, w12, w4, w9);
      BC = F ^ G; E = wordT1(E, B, C, D, nextWord(44), load<u32>(k, 44)); A += E;
      bc = xor(f, g); e = t1(e, b, c, d, w11, v128.load_splat<u32>(k, 44)); a = add(a, e);
      E = wordAddT2(E, F, G, BC, AB); e = addT2(e, f, g, bc, ab);
      w12 = next(w12, w13, w5, w10);
      AB = E ^ F; D = wordT1(D, A, B, C, nextWord(48), load<u32>(k, 48)); H += D;
      ab = xor(e, f); d = t1(d, a, b, c, w12, v128.load_splat<u32>(k, 48)); h = add(h, d);
      D = wordAddT2(D, E, F, AB, BC); d = addT2(d, e, f, ab, bc);
      w13 = next(w13, w14, w6, w11);
      BC = D ^ E; C = wordT1(C, H, A, B, nextWord(52), load<u32>(k, 52)); G += C;
      bc = xor(d, e); c = t1(c, h, a, b, w13, v128.load_splat<u32>(k, 52)); g = add(g, c);
      C = wordAddT2(C, D, E, BC, AB); c = addT2(c, d, e, bc, ab);
      w14 = next(w14, w15, w7, w12);
      AB = C ^ D; B = wordT1(B, G, H, A, nextWord(56), load<u32>(k, 56)); F += B;
      ab = xor(c, d); b = t1(b, g, h, a, w14, v128.load_splat<u32>(k, 56)); f = add(f, b);
      B = wordAddT2(B, C, D, AB, BC); b = addT2(b, c, d, ab, bc);
      w15 = next(w15, w0, w8, w13);
      BC = B ^ C; A = wordT1(A, F, G, H, nextWord(60), load<u32>(k, 60)); E += A;
      bc = xor(b, c); a = t1(a, f, g, h, w15, v128.load_splat<u32>(k, 60)); e = add(e, a);
      A = wordAddT2(A, B, C, BC, AB); a = addT2(a, b, c, bc, ab);
    }
    store<u32>(word, load<u32>(word) + A); store<u32>(word, load<u32>(word, 4) + B, 4);
    store<u32>(word, load<u32>(word, 8) + C, 8); store<u32>(word, load<u32>(word, 12) + D, 12);
    store<u32>(word, load<u32>(word, 16) + E, 16); store<u32>(word, load<u32>(word, 20) + F, 20);
    store<u32>(word, load<u32>(word, 24) + G, 24); store<u32>(word, load<u32>(word, 28) + H, 28);
    s0 = add(s0, a); s1 = add(s1, b); s2 = add(s2, c); s3 = add(s3, d);
    s4 = add(s4, e); s5 = add(s5, f); s6 = add(s6, g); s7 = add(s7, h);
    p0 += 64; p1 += 64; p2 += 64; p3 += 64; p4 += 64;
  }
  v128.store(state, s0, 0); v128.store(state, s1, 16);
  v128.store(state, s2, 32); v128.store(state, s3, 48);
  v128.store(state, s4, 64); v128.store(state, s5, 80);
  v128.store(state, s6, 96); v128.store(state, s7, 112);
}
