import { cpus } from 'node:os';
import { Core, calibrate, type HashChoice, type HashEngine } from '@mica/core-wasm';
import { nativeHash } from '../hash/openssl-hash.ts';
import type { Store } from '../store/store.ts';

export type HasherWish = 'auto' | HashEngine['name'];

/**
 * Which SHA-256 hashes a layer's stream: the one asked for, or with `auto` the one that a few
 * milliseconds of measurement found faster on this model of processor; the store remembers it.
 */
export function streamHasher(store: Store, wanted: HasherWish): HashEngine['name'] {
  if (wanted !== 'auto') return wanted;
  const key = `hasher:${cpus()[0]?.model ?? 'unknown'}`;
  const known = store.setting(key);
  if (known !== null) return (JSON.parse(known) as HashChoice)['one-stream'];
  const choice = calibrate(new Core().hash, nativeHash());
  store.setSetting(key, JSON.stringify(choice));
  return choice['one-stream'];
}
