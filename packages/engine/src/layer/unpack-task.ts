import type { Digest } from '../reference/digest.ts';
import { Store } from '../store/store.ts';
import { unpackLayer } from './layers.ts';

export interface UnpackMessage {
  readonly root: string;
  readonly diffId: Digest;
}

let store: Store | undefined;

/** One layer into the cache, in a worker, which keeps the store open for its next. */
export async function run({ root, diffId }: UnpackMessage): Promise<void> {
  store ??= Store.open(root);
  await unpackLayer(store, diffId);
}
