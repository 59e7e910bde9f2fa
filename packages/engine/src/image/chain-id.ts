import { sha256 } from '../hash/sha256.ts';
import type { Digest } from '../reference/digest.ts';

/** image-spec config.md, "Layer ChainID": the ID of a stack, base first. An empty stack has none. */
export function chainId(diffIds: readonly Digest[]): Digest | null {
  return chainIds(diffIds).at(-1) ?? null;
}

/** The chain ID of every prefix, base first. */
export function chainIds(diffIds: readonly Digest[]): Digest[] {
  const ids: Digest[] = [];
  for (const diffId of diffIds) {
    const below = ids.at(-1);
    ids.push(below === undefined ? diffId : sha256(`${below} ${diffId}`));
  }
  return ids;
}
