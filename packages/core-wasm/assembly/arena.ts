// A bump arena over linear memory. Kernels never free single blocks: the wrapper marks, works,
// copies the result out and releases, so a kernel's cost is its own work and nothing fragments.

const PAGE: u64 = 65536;
/** An address has 32 bits: a block that ended here would leave the next one at 0. */
const END: u64 = 1 << 32;
let top: usize = 0;

/**
 * From here on memory is of huge pages, where the kernel has them (engine/src/system/core.ts), and here large blocks begin.
 * Small ones begin in the 2 MiB before it, behind the statics and the stack: a scan of few files goes through a dozen
 * small pages, where a huge one that a hypervisor has to find first is 5 ms.
 */
const HUGE: usize = 2 << 20;
const LARGE: usize = 512 << 10;

/** Blocks begin with a cache line: a table's header is one, so its records are each in one, too. */
const ALIGN: usize = 64;

/** Block of `size` bytes, not cleared. Traps when 4 GiB are used up. */
export function alloc(size: usize): usize {
  const last = mark();
  const at = size >= LARGE && last < HUGE ? HUGE : last;
  reach(<u64>at + <u64>size);
  return at;
}

/** Makes the last block, which ends at {@link mark}, longer by `more` bytes. Traps as {@link alloc}. */
export function extend(more: usize): void {
  reach(<u64>mark() + <u64>more);
}

/** The last block ends there, or a little behind. */
function reach(end: u64): void {
  const next = (end + ALIGN - 1) & ~(<u64>ALIGN - 1);
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
}

export function mark(): usize {
  if (top == 0) top = (__heap_base + ALIGN - 1) & ~(ALIGN - 1);
  return top;
}

export function release(at: usize): void {
  top = at;
}
