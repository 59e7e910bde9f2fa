import { readdirSync, readFileSync } from 'node:fs';
import { native } from './library.ts';

const SET_SCHEDULER = 'int sched_setscheduler(int thread, int policy, const void *parameters)';
// linux/sched.h
const SCHED_BATCH = 3;
const SCHED_IDLE = 5;
const TASKS = '/proc/self/task';

let isOurs = false;
let isDone = false;

/** This process is a command of ours, with all its threads: not a program that has the engine as a library. */
export function ownProcess(): void {
  isOurs = true;
}

/**
 * Of two threads that have one processor to run on, this one, which the work waits for, is not interrupted: the kernel
 * else gives the processor to libuv's as soon as it is woken, for a millisecond, although another processor is free a moment
 * later. V8's, which compiles what would be a little faster, takes nothing from those that hash. 10,000 files took
 * 132 ms, and take 128. In a command of ours only, once.
 */
export function preferThisThread(): void {
  if (!isOurs || isDone) return;
  isDone = true;
  const none = new Int32Array(1); // a priority, of those without one
  try {
    for (const thread of readdirSync(TASKS)) {
      if (Number(thread) === process.pid) continue;
      const isCompiler = readFileSync(`${TASKS}/${thread}/comm`, 'latin1').includes('V8Worker');
      native(SET_SCHEDULER)(Number(thread), isCompiler ? SCHED_IDLE : SCHED_BATCH, none);
    }
  } catch {} // then they run as before
}
