import type { HashEngine } from './contract.ts';

/** Many messages under a few KiB; one long stream. */
export type HashUse = 'many-short' | 'one-stream';
/** Which implementation is faster here for which use: plain JSON, to be cached for a CPU model. */
export type HashChoice = Readonly<Record<HashUse, 'wasm' | 'native'>>;

/**
 * Measures both for a few milliseconds. Nothing but measurement can tell: on a processor with SHA
 * instructions node:crypto is five times as fast in bulk, without them the four lanes win; for short
 * messages the price of node's call decides.
 */
export function calibrate(wasm: HashEngine, native: HashEngine): HashChoice {
  const long = [new Uint8Array(131072).fill(7)];
  const short = Array.from({ length: 64 }, (_, i) => new Uint8Array(512).fill(i));
  const stream = (engine: HashEngine) =>
    fastest(() =>
      engine
        .create()
        .update(long[0] as Uint8Array)
        .digest(),
    );
  const many = (engine: HashEngine) => fastest(() => engine.many(short));
  return {
    'one-stream': stream(wasm) < stream(native) ? 'wasm' : 'native',
    'many-short': many(wasm) < many(native) ? 'wasm' : 'native',
  };
}

function fastest(run: () => void): number {
  let best = Infinity;
  // The first rounds compile; the best of the rest is what the machine can do.
  for (let round = 0; round < 6; round++) {
    const start = performance.now();
    run();
    best = Math.min(best, performance.now() - start);
  }
  return best;
}
