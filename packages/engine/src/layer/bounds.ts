import { statfsSync } from 'node:fs';
import { KernelError, type ScanLimits } from '@mica/core-wasm';
import { MicaError, moreMemory } from '../error.ts';

/** Bytes that one byte of a compressed layer may become: gzip cannot do more than 1,032, so what does is a bomb. */
const maxRatio = 1_100;
/** Up to here whatever gzip can do is taken; of real layers none that is larger is a hundredth when compressed. */
const ratioBound = 16 * 2 ** 30;
const ratioAbove = 100;
/** Each takes about 200 bytes of memory until its layer is done: 800 MB. Real layers have up to a million. */
const maxEntries = 4_000_000;
/** What an unpacked layer leaves free on the disk, at most; and at most a tenth of what is free as it begins. */
const reserve = 2 ** 30;
/** Bytes, or files, between two looks at the disk. */
const stride = 64 * 2 ** 20;
const fileStride = 10_000;

/** Limits of an archive that came from outside. MICA_LAYER_ENTRIES sets another number of entries. */
export function outsideLimits(): ScanLimits {
  return { maxEntries: setting('MICA_LAYER_ENTRIES') ?? maxEntries };
}

/** The error of a list of files that did not go into memory, for which neither an archive nor a layer is bad; null for any other cause. */
export function shortOfMemory(cause: unknown, message: string, subject?: string): MicaError | null {
  if (!(cause instanceof KernelError && cause.code === 'out-of-memory')) return null;
  return new MicaError('limit-exceeded', message, {
    ...(subject === undefined ? {} : { subject }),
    hint: moreMemory,
    cause,
  });
}

/** As {@link shortOfMemory}, and of what came from outside and met a limit of it. */
export function outOfBounds(cause: unknown, message: string): MicaError | null {
  if (!(cause instanceof KernelError && cause.code === 'limit-exceeded')) return shortOfMemory(cause, message);
  const hint = `of entries at most ${outsideLimits().maxEntries} are taken; MICA_LAYER_ENTRIES=NUMBER allows more`;
  return new MicaError('limit-exceeded', message, { hint, cause });
}

/** @throws MicaError limit-exceeded when `taken` bytes of a layer became more than they may. MICA_LAYER_LIMIT (bytes; k, m, g, t) sets a fixed limit instead. */
export function checkLayerSize(given: number, taken: number): void {
  const fixed = setting('MICA_LAYER_LIMIT');
  if (fixed !== null) {
    if (given > fixed) throw tooLarge(`it unpacks to more than the ${fixed} bytes that MICA_LAYER_LIMIT allows`);
    return;
  }
  checkRatio(given, taken);
  if (given > ratioBound && given > taken * ratioAbove)
    throw tooLarge(`it unpacks to more than ${ratioBound} bytes and ${ratioAbove} times its size`);
}

/** What alone is asked of a layer that the store took in before. @throws MicaError limit-exceeded */
export function checkRatio(given: number, taken: number): void {
  if (given > taken * maxRatio + 65_536) throw tooLarge(`it unpacks to more than ${maxRatio} times its size`);
}

/**
 * Watches the disk while a layer of unknown size is written, so that one that would fill it (a bomb, or just
 * too large) is refused while there is still room for everybody else. Other writers are seen as well: what
 * counts is what the file system says. MICA_DISK_RESERVE (bytes) is what it leaves free; 0 turns it off.
 */
export class DiskRoom {
  readonly #folder: string;
  readonly #reserve: number;
  readonly #fileReserve: number;
  #bytes = 0;
  #files = 0;

  constructor(folder: string) {
    this.#folder = folder;
    const { bytes, files } = this.#free();
    const set = setting('MICA_DISK_RESERVE');
    this.#reserve = set ?? Math.min(reserve, bytes / 10);
    this.#fileReserve = set === 0 ? 0 : files / 10;
    this.#look();
  }

  /** Before so many bytes are written. @throws MicaError limit-exceeded */
  write(bytes: number): void {
    this.#bytes -= bytes;
    if (this.#bytes < 0) this.#look();
  }
  /** Before a file or directory is made. @throws MicaError limit-exceeded */
  make(): void {
    if (--this.#files < 0) this.#look();
  }

  /** Whether so many bytes may come at all. @throws MicaError limit-exceeded */
  expect(bytes: number): void {
    const { bytes: free } = this.#free();
    if (this.#reserve > 0 && bytes > free - this.#reserve)
      throw full(`${bytes} bytes are to come, ${free} are left on the disk`);
  }

  #look(): void {
    const { bytes, files } = this.#free();
    if (this.#reserve > 0 && bytes <= this.#reserve)
      throw full(`only ${bytes} bytes are left on the disk, and ${Math.floor(this.#reserve)} of them are kept free`);
    if (this.#fileReserve > 0 && files <= this.#fileReserve)
      throw full(`the file system of ${this.#folder} is running out of inodes: ${files} are left`);
    this.#bytes = Math.min(stride, (bytes - this.#reserve) / 2);
    this.#files = Math.min(fileStride, (files - this.#fileReserve) / 2);
  }

  #free(): { bytes: number; files: number } {
    const { bavail, bsize, files, ffree } = statfsSync(this.#folder);
    // btrfs counts no inodes, and says so with none at all.
    return { bytes: bavail * bsize, files: files === 0 ? Number.POSITIVE_INFINITY : ffree };
  }
}

function tooLarge(why: string): MicaError {
  return new MicaError('limit-exceeded', why, {
    hint: 'it may be a bomb; if it is none, MICA_LAYER_LIMIT=SIZE (64g, say) says how large a layer may be',
  });
}

function full(why: string): MicaError {
  return new MicaError('limit-exceeded', `it does not fit: ${why}`, {
    hint: 'free some space (mica system df shows what the store holds), or set how much is kept free: MICA_DISK_RESERVE=SIZE',
  });
}

const units: Record<string, number> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

/** A number of the environment, with docker's letters for sizes. */
function setting(name: string): number | null {
  const text = process.env[name];
  if (text === undefined || text === '') return null;
  const [, digits, unit = ''] = /^(\d+)([kmgt]?)b?$/i.exec(text) ?? [];
  if (digits === undefined)
    throw new MicaError('invalid-argument', `${name}: not a size: ${text}`, { hint: 'give bytes, or 512m, 64g, 2t' });
  return Number(digits) * (units[unit.toLowerCase()] as number);
}
