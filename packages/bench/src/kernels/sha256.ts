import { Core, NativeHash } from '@mica/core-wasm';
import { createSHA256 } from 'hash-wasm';

export interface Throughput {
  readonly name: string;
  readonly mibPerSecond: number;
}

/** SHA-256 of 8 MiB by each contender in turn, many times: the median of each, so that noise hits all alike. */
export async function benchSha256(rounds = 25): Promise<Throughput[]> {
  const bytes = new Uint8Array(8 << 20).fill(5);
  const quarter = bytes.subarray(0, 2 << 20);
  const core = new Core();
  const rival = await createSHA256();
  const contenders: Record<string, () => void> = {
    'hash-wasm': () => {
      rival.init().update(bytes).digest();
    },
    scalar: () => {
      core.hash.create().update(bytes).digest();
    },
    'four lanes': () => {
      core.hash.many([quarter, quarter, quarter, quarter]);
    },
    'node:crypto': () => {
      new NativeHash().create().update(bytes).digest();
    },
  };
  const seen = new Map<string, number[]>();
  for (let round = 0; round < rounds; round++)
    for (const [name, run] of Object.entries(contenders)) {
      const start = performance.now();
      run();
      seen.set(name, [...(seen.get(name) ?? []), 8000 / (performance.now() - start)]);
    }
  return [...seen].map(([name, all]) => ({ name, mibPerSecond: all.sort((a, b) => a - b)[all.length >> 1] ?? 0 }));
}
