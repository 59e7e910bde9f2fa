// The sum by which a stored table is known to be the one that was written (src/table/sum.ts).

/** Goes on from `sum` over `count` words of 32 bits at `at`. */
export function sumWords(sum: i32, at: usize, count: u32): i32 {
  for (const end = at + count * 4; at < end; at += 4) {
    sum = (sum ^ load<i32>(at)) * <i32>0x9e3779b1;
    sum ^= sum >>> 15;
  }
  return sum;
}
