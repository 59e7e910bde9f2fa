import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { native } from '../../src/system/library.ts';
import { ReadRing } from '../../src/system/read-ring.ts';

/**
 * A program: opens a ring while this process may map `process.argv[2]` bytes more than it has, and prints what
 * came of it. In a process of its own, with --expose-gc and --single-threaded: a collection under such a limit
 * would end it.
 */
const SETRLIMIT = 'int setrlimit(int resource, const void *limit)';
const RLIMIT_AS = 9; // asm-generic/resource.h
const INFINITY = 2n ** 64n - 1n;
const PAGE = 4096n;

const mapped = () => BigInt(readFileSync('/proc/self/statm', 'latin1').split(' ')[0] as string) * PAGE;
/** Rings open and parts of them mapped; Node has some of its own. */
const held = () => ({
  open: readdirSync('/proc/self/fd').filter(isRing).length,
  mapped: readFileSync('/proc/self/maps', 'latin1').split('io_uring').length - 1,
});
function isRing(fd: string): boolean {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`).includes('io_uring');
  } catch {
    return false; // the one by which the folder was listed
  }
}
const limit = (soft: bigint) => {
  if (native(SETRLIMIT)(RLIMIT_AS, BigUint64Array.of(soft, INFINITY)) !== 0) throw new Error('setrlimit');
};

// What a first call loads and allocates is not to meet the limit.
limit(INFINITY);
const usual = ReadRing.open();
usual?.close();
const before = held();
globalThis.gc?.();
limit(mapped() + BigInt(process.argv[2] as string));
let outcome: string;
try {
  const ring = ReadRing.open();
  outcome = ring === null ? 'none' : 'ring';
  ring?.close();
} catch (error) {
  outcome = String(error);
}
limit(INFINITY);
process.stdout.write(JSON.stringify({ usual: usual !== null, outcome, before, after: held() }));
