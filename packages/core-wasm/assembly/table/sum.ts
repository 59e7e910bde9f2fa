// The sum by which a stored table is known to be the one that was written (src/table/sum.ts).

const GROUP: usize = 32; // bytes
/** Eight sums, i32, each of every eighth word. */
const LANES = memory.data(32, 16);
const FACTOR: i32 = 0x9e3779b1;

/** Where they are. */
export function sumLanes(): usize {
  return LANES;
}

/** Goes on over `count` groups of eight words of 32 bits from `at` on. */
export function sumGroups(at: usize, count: u32): void {
  const factor = i32x4.splat(FACTOR);
  let low = v128.load(LANES);
  let high = v128.load(LANES, 16);
  for (const end = at + <usize>count * GROUP; at < end; at += GROUP) {
    low = i32x4.mul(v128.xor(low, v128.load(at)), factor);
    high = i32x4.mul(v128.xor(high, v128.load(at, 16)), factor);
    low = v128.xor(low, i32x4.shr_u(low, 15));
    high = v128.xor(high, i32x4.shr_u(high, 15));
  }
  v128.store(LANES, low);
  v128.store(LANES, high, 16);
}
