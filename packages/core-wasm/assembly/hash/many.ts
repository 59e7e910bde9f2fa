// SHA-256 of many messages, four at a time.

import { alloc } from '../arena';
import { sha256Blocks } from './blocks';
import { sha256Blocks4 } from './blocks4';
import { sha256Blocks5 } from './blocks5';
import { INITIAL } from './constants';

const DIGEST: u32 = 32;
const STATE: u32 = 32;

/** As `Lane.message`: the lane is idle. */
const NONE: u32 = 0xffffffff;

// @ts-ignore: decorator
@unmanaged
class Lane {
  at: usize; // where it reads
  left: u32; // blocks of that stretch
  message: u32;
  inTail: u32; // it reads the message's padded end, in `tail`
  tail: usize; // two blocks
  state: usize; // its first word
  stride: usize; // from there to the next: a vector in the lanes, a word in the rider
}

// @ts-ignore: decorator
@unmanaged
class Message {
  at: usize;
  length: u32;
}

/** The one lane beside the four vector lanes: in the processor's integer units, which have nothing else to do. */
const RIDER: u32 = 4;
const LANES: u32 = 5;

let lanes: usize = 0;

// @ts-ignore: decorator
@inline
function laneAt(i: u32): Lane {
  return changetype<Lane>(lanes + i * offsetof<Lane>());
}

// @ts-ignore: decorator
@inline
function messageAt(list: usize, i: u32): Message {
  return changetype<Message>(list + i * offsetof<Message>());
}

/**
 * Digests of `n` messages. `list` holds (address, length) pairs of u32; `out` takes 32 bytes each.
 * A lane whose message ends takes the next one, so lanes stay full whatever the lengths; when fewer
 * than three messages are left the scalar kernel, 2.9 times as fast as one lane, finishes them. With `ride`
 * a fifth message goes along ({@link sha256Blocks5}).
 */
export function sha256Many(list: usize, n: u32, out: usize, ride: u32): void {
  const state = alloc(LANES * STATE);
  lanes = alloc(LANES * offsetof<Lane>());
  const width = ride ? LANES : RIDER;
  let next: u32 = 0;
  let active = 0;
  for (let i: u32 = 0; i < LANES; i++) {
    const lane = laneAt(i);
    lane.tail = alloc(128);
    lane.state = i == RIDER ? state + RIDER * STATE : state + i * 4;
    lane.stride = i == RIDER ? 4 : 16;
    lane.message = NONE;
    if (next < n && i < width) {
      start(lane, list, next++);
      active++;
    }
  }
  while (active > 2) {
    const step = together(state);
    for (let i: u32 = 0; i < width; i++) {
      const lane = laneAt(i);
      if (lane.message == NONE) continue;
      lane.at += step * 64;
      lane.left -= step;
      if (lane.left > 0) continue;
      if (!lane.inTail) {
        toTail(lane, list);
        continue;
      }
      putDigest(out, lane);
      if (next < n) start(lane, list, next++);
      else {
        lane.message = NONE;
        active--;
      }
    }
  }
  for (let i: u32 = 0; i < LANES; i++) if (laneAt(i).message != NONE) alone(laneAt(i), list, out);
}

/** Runs all lanes until the first has no block left; how many blocks that is. */
function together(state: usize): u32 {
  let step: u32 = 0xffffffff;
  let busy: usize = 0;
  for (let i: u32 = 0; i < LANES; i++) {
    const lane = laneAt(i);
    if (lane.message == NONE) continue;
    busy = lane.at;
    step = min(step, lane.left);
  }
  // An idle lane reads along with a busy one; its result is never looked at.
  const rider = laneAt(RIDER);
  const p0 = placeOf(0, busy), p1 = placeOf(1, busy), p2 = placeOf(2, busy), p3 = placeOf(3, busy);
  if (rider.message == NONE) sha256Blocks4(state, p0, p1, p2, p3, step);
  else sha256Blocks5(state, p0, p1, p2, p3, rider.state, rider.at, step);
  return step;
}

function placeOf(i: u32, busy: usize): usize {
  const lane = laneAt(i);
  return lane.message == NONE ? busy : lane.at;
}

/** Finishes a lane's message by the scalar kernel. */
function alone(lane: Lane, list: usize, out: usize): void {
  const digest = out + lane.message * DIGEST;
  for (let w: u32 = 0; w < 8; w++) store<u32>(digest + w * 4, load<u32>(lane.state + w * lane.stride));
  sha256Blocks(digest, lane.at, lane.left);
  if (!lane.inTail) {
    toTail(lane, list);
    sha256Blocks(digest, lane.at, lane.left);
  }
  for (let w: u32 = 0; w < 8; w++) store<u32>(digest + w * 4, bswap<u32>(load<u32>(digest + w * 4)));
}

function putDigest(out: usize, lane: Lane): void {
  const digest = out + lane.message * DIGEST;
  for (let w: u32 = 0; w < 8; w++) store<u32>(digest + w * 4, bswap<u32>(load<u32>(lane.state + w * lane.stride)));
}

function start(lane: Lane, list: usize, message: u32): void {
  for (let w: u32 = 0; w < 8; w++) store<u32>(lane.state + w * lane.stride, load<u32>(INITIAL + w * 4));
  const m = messageAt(list, message);
  lane.at = m.at;
  lane.left = m.length >> 6;
  lane.message = message;
  lane.inTail = 0;
  if (m.length < 64) toTail(lane, list);
}

/** The last bytes, the 1 bit and the length (FIPS 180-4, 5.1.1): one block or two. */
function toTail(lane: Lane, list: usize): void {
  const m = messageAt(list, lane.message);
  const rest = m.length & 63;
  const size: u32 = rest < 56 ? 64 : 128;
  memory.fill(lane.tail, 0, size);
  memory.copy(lane.tail, m.at + (m.length & ~63), rest);
  store<u8>(lane.tail + rest, 0x80);
  store<u64>(lane.tail + size - 8, bswap<u64>(<u64>m.length << 3));
  lane.at = lane.tail;
  lane.left = size >> 6;
  lane.inTail = 1;
}
