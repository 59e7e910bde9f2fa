import { closeSync, openSync, readSync } from 'node:fs';
import { cpus } from 'node:os';
import { calibrate, type HashChoice, type HashEngine } from '@mica/core-wasm';
import { nativeHash } from '../hash/openssl-hash.ts';
import { jsonOf } from '../store/json-column.ts';
import type { Store } from '../store/store.ts';
import { newCore } from '../system/core.ts';

export type HasherWish = 'auto' | HashEngine['name'];

/**
 * Which SHA-256 hashes a layer's stream: the one asked for, or with `auto` the one that a few
 * milliseconds of measurement found faster on this model of processor; the store remembers it.
 */
export function streamHasher(store: Store, wanted: HasherWish): HashEngine['name'] {
  if (wanted !== 'auto') return wanted;
  const key = `hasher:${processorModel()}`;
  const known = store.setting(key);
  const before = (jsonOf(known) as HashChoice | undefined | null)?.['one-stream'];
  if (before === 'wasm' || before === 'native') return before;
  const choice = calibrate(newCore().hash, nativeHash());
  store.setSetting(key, JSON.stringify(choice));
  return choice['one-stream'];
}

/** The beginning of the file says it; node:os reads all that it and others say of every processor, for 1.2 ms. */
function processorModel(): string {
  const fd = openSync('/proc/cpuinfo', 'r');
  try {
    const head = Buffer.alloc(1024);
    const model = /^model name\s*: (.*)$/m.exec(head.toString('latin1', 0, readSync(fd, head)))?.[1];
    return model ?? cpus()[0]?.model ?? 'unknown'; // only x86 has the line
  } finally {
    closeSync(fd);
  }
}
