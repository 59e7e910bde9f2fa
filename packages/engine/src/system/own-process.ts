import { readdirSync } from 'node:fs';
import { native } from './library.ts';

const GET_CPU = 'int sched_getcpu()';
const GET_AFFINITY = 'int sched_getaffinity(int thread, unsigned long size, void *mask)';
const SET_AFFINITY = 'int sched_setaffinity(int thread, unsigned long size, const void *mask)';
const TASKS = '/proc/self/task';
/** Bytes of a set of processors, sched(7): 8,192 of them. */
const MASK = 1024;

let isOurs = false;
let processor = -1;
let allowed: Uint8Array | null = null;

/**
 * Says that this process is a command of ours, with all its threads, and not a program that has the engine as a library:
 * {@link preferThisThread} does something then.
 */
export function ownProcess(): void {
  isOurs = true;
}

/**
 * Has the other threads of this process run on any processor but the one that this thread, which the work waits for, is
 * on now: to be called again and again, since it may be moved. The kernel else gives that one to a thread of libuv's that
 * is woken, although another is free: this thread stood still for a millisecond, up to ten times in a commit of 10,000
 * files. Those take 129 ms for 135, and beside two busy loops 281 for 315. (By classes of scheduling: BATCH for all is as
 * good where nothing else runs and 356 beside the loops; with IDLE for V8's the collector waits there for its helper.)
 */
export function preferThisThread(): void {
  if (!isOurs) return;
  const here = native(GET_CPU)();
  if (here === processor || here < 0) return;
  processor = here;
  if (allowed === null) {
    allowed = new Uint8Array(MASK);
    native(GET_AFFINITY)(0, MASK, allowed);
  }
  const others = allowed.slice();
  others[here >> 3] = (others[here >> 3] as number) & ~(1 << (here & 7));
  if (others.every((bits) => bits === 0)) return;
  for (const thread of readdirSync(TASKS).map(Number))
    if (thread !== process.pid) native(SET_AFFINITY)(thread, MASK, others); // where it is refused all runs as before
}
