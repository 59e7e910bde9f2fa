import type { Digest } from '../reference/digest.ts';
import { networkFailure, RegistryFailure } from './failure.ts';
import type { PartialBlob } from './partial.ts';
import { blobFrom, type RangeShape } from './ranges.ts';
import type { Repository } from './repository.ts';
import { backOff } from './retry.ts';

export interface DownloadOptions {
  readonly signal?: AbortSignal | undefined;
  /** Bytes that are here by now. */
  readonly onBytes?: (bytes: number) => void;
  readonly ranges?: RangeShape | undefined;
}

/**
 * Brings a blob in: what is there is replayed, then the rest is asked for, again and again
 * from where the last answer was cut, as long as every try brings something. `take` gets every byte in
 * order and makes the sender wait. The bytes are verified by the partial's `finish`. @throws RegistryFailure
 */
export async function download(
  repository: Repository,
  partial: PartialBlob,
  blob: { readonly digest: Digest; readonly size: number },
  take: (chunk: Uint8Array) => Promise<void>,
  options: DownloadOptions = {},
): Promise<void> {
  const { digest, size } = blob;
  const signal = options.signal ?? repository.signal;
  const wrongLength = (found: number) =>
    new RegistryFailure(`blob ${digest} has ${found} bytes, its descriptor says ${size}`, { code: 'SIZE_INVALID' });
  partial.expect(size);
  if (partial.size > 0) repository.brought = true;
  await partial.replay(take);
  let failed = 0;
  while (partial.size < size) {
    const before = partial.size;
    try {
      for await (const chunk of blobFrom(repository, blob, before, wrongLength, options.ranges, signal)) {
        if (partial.size + chunk.length > size) throw wrongLength(partial.size + chunk.length);
        partial.write(chunk);
        repository.brought = true;
        options.onBytes?.(partial.size);
        await take(chunk);
        signal?.throwIfAborted();
      }
      if (partial.size < size)
        throw new RegistryFailure(`blob ${digest}: cut off at byte ${partial.size} of ${size}`, { retry: true });
    } catch (error) {
      failed = partial.size > before ? 1 : failed + 1;
      await backOff(networkFailure(`blob ${digest}`, error), failed, repository.retry, signal, partial.size > 0);
    }
  }
}
