import { createRequire } from 'node:module';
import { join } from 'node:path';
import type koffi from 'koffi';
import { systemError } from './errno.ts';

const MEMCPY = 'void *memcpy(void *to, const void *from, unsigned long size)';

type Koffi = typeof koffi;
type Function_ = (...args: unknown[]) => number;
/** What {@link native} gives, called in a thread of libuv's: its last argument is told of an error, and the result. */
export type AsyncCall = Function_ & { async(...args: unknown[]): void };

let loaded: { koffi: Koffi; library: ReturnType<Koffi['load']> } | undefined;
const functions = new Map<string, Function_>();

/**
 * A function of the C library, bound at its first call: koffi costs 8 ms to load, and
 * `ps` and `images` need none of it.
 */
export function native(prototype: string): Function_ {
  const known = functions.get(prototype);
  if (known) return known;
  if (!loaded) {
    const koffi = loadKoffi();
    loaded = { koffi, library: koffi.load(null) };
  }
  const bound = loaded.library.func(prototype) as Function_;
  functions.set(prototype, bound);
  return bound;
}

/** A function at an address, by its prototype without a name. */
export function nativeAt(address: number, prototype: string): Function_ {
  native(MEMCPY); // the library is there then
  const { koffi } = loaded as NonNullable<typeof loaded>;
  return koffi.decode(BigInt(address), koffi.proto(prototype));
}

/**
 * Koffi's native part. Its own entry looks for the right one by way of all of node:util and node:worker_threads,
 * for warnings about calls that are not made here: 25 ms. Where that part is not what it looks like, the entry.
 */
function loadKoffi(): Koffi {
  const { platform, arch } = process;
  const part = `@koromix/koffi-${platform}-${arch}/${platform}_${arch}/koffi.node`;
  const module = { exports: {} };
  try {
    // In a checkout, from the sources and from the bundle: to look for it is twenty system calls.
    process.dlopen(module, join(import.meta.dirname, '../../../../node_modules', part));
    return module.exports as Koffi;
  } catch {}
  const require = createRequire(import.meta.filename);
  try {
    return require(part) as Koffi;
  } catch {
    return require('koffi') as Koffi;
  }
}

/** Whether a call costs no more than itself. */
export function isLoaded(): boolean {
  return loaded !== undefined;
}

/** The errno of the call just made on this thread: read before anything else runs. */
export function lastErrno(): number {
  return loaded?.koffi.errno() ?? 0;
}

/** A path as the C library takes it. */
export function cString(path: string | Buffer): Buffer {
  const bytes = typeof path === 'string' ? Buffer.from(path) : path;
  if (bytes.includes(0)) throw systemError('path', 22, path);
  return Buffer.concat([bytes, zero]);
}
const zero = Buffer.alloc(1);

/** Calls, and throws the errno's error when the call says −1. */
export function call(prototype: string, name: string, path: string | Buffer | undefined, ...args: unknown[]): number {
  const result = native(prototype)(...args);
  if (result === -1) throw systemError(name, lastErrno(), path);
  return result;
}

/** Where bytes lie, for a structure that holds their address. They lie there as long as somebody refers to them. */
export function addressOf(bytes: ArrayBufferView): number {
  return Number(native(MEMCPY)(bytes, bytes, 0));
}

/** Memory of the C library's or the kernel's, as JavaScript sees bytes; `at` is a pointer that a call returned. */
export function viewOf(at: unknown, size: number): ArrayBuffer {
  if (!loaded) throw new Error('no call has returned a pointer yet');
  return loaded.koffi.view(at, size);
}
