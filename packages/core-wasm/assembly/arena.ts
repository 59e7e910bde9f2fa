// A bump arena over linear memory. Kernels never free single blocks: the wrapper marks, works,
// copies the result out and releases, so a kernel's cost is its own work and nothing fragments.

const PAGE: u64 = 65536;
/** An address has 32 bits: a block that ended here would leave the next one at 0. */
const END: u64 = 1 << 32;
let top: usize = 0;

/** Block of `size` bytes that begins with a cache line, not cleared. Traps when 4 GiB are used up. */
export function alloc(size: usize): usize {
  if (top == 0) top = (__heap_base + 63) & ~63;
  const at = top;
  const next: u64 = (<u64>at + <u64>size + 63) & ~63;
  if (next >= END) unreachable();
  const have: u64 = <u64>memory.size() * PAGE;
  if (next > have) {
    // Grow by at least a quarter, so that n small blocks cost O(log n) growths.
    const missing: u64 = (next - have + PAGE - 1) / PAGE;
    const quarter: u64 = <u64>memory.size() >> 2;
    let pages: u64 = missing > quarter ? missing : quarter;
    if (memory.grow(<i32>pages) < 0) {
      pages = missing;
      if (pages > 65535 || memory.grow(<i32>pages) < 0) unreachable();
    }
  }
  top = <usize>next;
  return at;
}

export function mark(): usize {
  if (top == 0) top = (__heap_base + 63) & ~63;
  return top;
}

export function release(at: usize): void {
  top = at;
}
