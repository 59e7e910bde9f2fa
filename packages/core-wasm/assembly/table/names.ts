// The names of one directory (src/table/names.ts), as getdents64(2) wrote them, in the order of their bytes.

// struct linux_dirent64: u64 d_ino, i64 d_off, then these.
const LENGTH: usize = 16; // u16: of the whole record
const TYPE: usize = 18; // u8: DT_UNKNOWN, DT_CHR, …
const NAME: usize = 19; // up to a NUL; what is behind it is left over from before

// What is sorted: u64, the eight bytes of a name that come after what all of them begin with; u32, its offset.
const ITEM: usize = 16;
const OFFSET: usize = 8;
const DT_UNKNOWN: u8 = 0;
const DT_CHR: u8 = 2;
/** In the answer: some of them may be whiteouts. */
const WHITEOUTS: u32 = 0x80000000;

/** Items that are sorted by insertion: faster than to merge so few. */
const RUN: u32 = 8;

/**
 * Sorts the names of the records between `from` and `end` of `area`, "." and ".." left out. At `order` are then their
 * offsets in `area`, u32 each; behind them two items a record are written, aligned. Their number, with {@link WHITEOUTS}
 * or'ed in where one is a character device, or of a kind that the file system does not tell.
 */
export function namesSort(area: usize, from: u32, end: u32, order: usize): u32 {
  let count: u32 = 0;
  let flag: u32 = 0;
  for (let at = area + from; at < area + end; at += load<u16>(at + LENGTH)) {
    const name = at + NAME;
    if (isDots(name)) continue;
    const type = load<u8>(at + TYPE);
    if (type == DT_CHR || type == DT_UNKNOWN) flag = WHITEOUTS;
    store<u32>(order + count++ * 4, <u32>(name - area));
  }
  const items = (order + count * 4 + ITEM - 1) & ~(ITEM - 1);
  const shared = putItems(area, order, count, items);
  const sorted = sort(area + shared, items, count);
  for (let i: u32 = 0; i < count; i++) store<u32>(order + i * 4, offsetOf(sorted + i * ITEM));
  return count | flag;
}

// @ts-ignore: decorator
@inline
function isDots(name: usize): bool {
  return load<u16>(name) == 0x2e || (load<u32>(name) & 0xffffff) == 0x2e2e;
}

// @ts-ignore: decorator
@inline
function offsetOf(item: usize): u32 {
  return load<u32>(item + OFFSET);
}

/** An item of each name; how many bytes all names begin with. */
function putItems(area: usize, order: usize, count: u32, items: usize): u32 {
  const first = area + load<u32>(order);
  let shared: u32 = count == 0 ? 0 : lengthOf(first);
  for (let i: u32 = 1; i < count; i++) {
    const name = area + load<u32>(order + i * 4);
    let same: u32 = 0;
    while (same < shared && load<u64>(first + same) == load<u64>(name + same)) same += 8;
    if (same < shared) shared = min(shared, same + <u32>(ctz(load<u64>(first + same) ^ load<u64>(name + same)) >> 3));
  }
  for (let i: u32 = 0; i < count; i++) {
    const offset = load<u32>(order + i * 4);
    store<u64>(items + i * ITEM, keyOf(area + offset + shared));
    store<u32>(items + i * ITEM + OFFSET, offset);
  }
  return shared;
}

function lengthOf(name: usize): u32 {
  let n: u32 = 0;
  while (load<u8>(name + n) != 0) n++;
  return n;
}

/** Eight bytes as a number that is in their order, those behind a NUL taken for NULs. */
// @ts-ignore: decorator
@inline
function keyOf(at: usize): u64 {
  const bytes = load<u64>(at);
  // Bit 7 of the first NUL, and above it of others and of bytes of 1, none of which has a bit 7 itself.
  const ends = (bytes - 0x0101010101010101) & ~bytes & 0x8080808080808080;
  return bswap<u64>(bytes & (ends - 1));
}

/** Never more than n log n, whatever the order that a file system tells them in. Where the sorted items are. */
function sort(rest: usize, items: usize, n: u32): usize {
  for (let low: u32 = 0; low < n; low += RUN) insert(rest, items, low, min(low + RUN, n));
  let from = items;
  let to = items + n * ITEM;
  for (let width = RUN; width < n; width *= 2) {
    for (let low: u32 = 0; low < n; low += width * 2)
      merge(rest, from, to, low, min(low + width, n), min(low + width * 2, n));
    const swap = from;
    from = to;
    to = swap;
  }
  return from;
}

function insert(rest: usize, items: usize, low: u32, high: u32): void {
  const first = items + low * ITEM;
  for (let at = first + ITEM; at < items + high * ITEM; at += ITEM) {
    const item = v128.load(at);
    const key = load<u64>(at);
    const offset = offsetOf(at);
    let to = at;
    for (; to > first && isAfter(rest, load<u64>(to - ITEM), offsetOf(to - ITEM), key, offset); to -= ITEM)
      v128.store(to, v128.load(to - ITEM));
    v128.store(to, item);
  }
}

/** Merges the runs [low, middle) and [middle, high) of `from`. */
function merge(rest: usize, from: usize, to: usize, low: u32, middle: u32, high: u32): void {
  let left = from + low * ITEM;
  let right = from + middle * ITEM;
  const leftEnd = right;
  const rightEnd = from + high * ITEM;
  let out = to + low * ITEM;
  while (left < leftEnd && right < rightEnd) {
    if (isAfter(rest, load<u64>(left), offsetOf(left), load<u64>(right), offsetOf(right))) {
      v128.store(out, v128.load(right));
      right += ITEM;
    } else {
      v128.store(out, v128.load(left));
      left += ITEM;
    }
    out += ITEM;
  }
  memory.copy(out, left, leftEnd - left);
  memory.copy(out + (leftEnd - left), right, rightEnd - right);
}

/** Whether item a's name comes after item b's. `rest` is where, with its offset added, a name's key is from. */
// @ts-ignore: decorator
@inline
function isAfter(rest: usize, a: u64, aOffset: u32, b: u64, bOffset: u32): bool {
  return a == b ? isRestAfter(rest + aOffset, rest + bOffset) : a > b;
}

function isRestAfter(a: usize, b: usize): bool {
  let at: usize = 0;
  let x = keyOf(a);
  let y = keyOf(b);
  // Where both end the last byte is a NUL.
  while (x == y && (x & 0xff) != 0) {
    at += 8;
    x = keyOf(a + at);
    y = keyOf(b + at);
  }
  return x > y;
}
