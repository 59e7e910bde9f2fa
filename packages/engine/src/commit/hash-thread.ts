/**
 * Hashes what another thread puts into a ring of shared buffers, in order, on a core of its own; ends
 * with the digest. It sleeps in `Atomics.wait` between buffers: no event loop, no message a buffer.
 */
import { isMainThread, workerData } from 'node:worker_threads';
import { nativeHash } from '../hash/openssl-hash.ts';
import { newCore } from '../system/core.ts';
import { type HashRing, runHashRing } from './hash-ring.ts';

if (!isMainThread) {
  const { ring, hasher } = workerData as { ring: HashRing; hasher: 'native' | 'wasm' };
  runHashRing(ring, hasher === 'wasm' ? newCore().hash : nativeHash());
}
