// The sum of a header block's bytes, sixteen at a step.

import { BLOCK_SIZE } from './format';

// @ts-ignore: decorator
@inline
export function sumOf(block: usize): u32 {
  let sums = i32x4.splat(0);
  for (let i: u32 = 0; i < BLOCK_SIZE; i += 16)
    sums = i32x4.add(sums, i32x4.extadd_pairwise_i16x8_u(i16x8.extadd_pairwise_i8x16_u(v128.load(block + i))));
  const low = i32x4.extract_lane(sums, 0) + i32x4.extract_lane(sums, 1);
  return low + i32x4.extract_lane(sums, 2) + i32x4.extract_lane(sums, 3);
}
