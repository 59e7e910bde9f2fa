import { createRequire } from 'node:module';
import type koffi from 'koffi';
import { systemError } from './errno.ts';

type Koffi = typeof koffi;
type Function_ = (...args: unknown[]) => number;

let loaded: { koffi: Koffi; library: ReturnType<Koffi['load']> } | undefined;
const functions = new Map<string, Function_>();

/**
 * A function of the C library, bound at its first call: koffi's native part costs 3 ms to load, and
 * `ps` and `images` need none of it.
 */
export function native(prototype: string): Function_ {
  const known = functions.get(prototype);
  if (known) return known;
  if (!loaded) {
    const koffi = createRequire(import.meta.url)('koffi') as Koffi;
    loaded = { koffi, library: koffi.load(null) };
  }
  const bound = loaded.library.func(prototype) as Function_;
  functions.set(prototype, bound);
  return bound;
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
