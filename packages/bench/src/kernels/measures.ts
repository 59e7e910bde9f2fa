import { Core, NativeHash } from '@mica/core-wasm';
import { createSHA256 } from 'hash-wasm';
import { Random } from '../data/random.ts';
import { type StackShape, stack } from '../data/stack.ts';
import { tarOf } from '../data/tar.ts';
import type { Shown } from '../measure/contest.ts';
import { diff as diffObjects } from '../twin/diff.ts';
import { entriesOf } from '../twin/from-table.ts';
import { TarScan } from '../twin/scan.ts';
import { union as unionObjects } from '../twin/union.ts';
import { duel } from './duel.ts';

/** One kernel's duel: the first side is the kernel, the second the rival that the goal is about. */
export interface KernelMeasure {
  readonly what: string;
  readonly bytes?: number;
  readonly count?: number;
  readonly sides: readonly Shown[];
  readonly goals: readonly { readonly against: string; readonly atLeast: number; readonly of?: string }[];
}

/**
 * SHA-256 of 1 MiB, which stays in the cache: one stream by the scalar kernel, twenty messages in four lanes, with a
 * fifth beside them where that is faster.
 */
export async function hashing(rounds: number): Promise<KernelMeasure> {
  const bytes = new Random(8).bytes(1 << 20);
  const parts = Array.from({ length: 20 }, (_, i) => bytes.subarray(i * 52_429, (i + 1) * 52_429));
  const core = new Core();
  const native = new NativeHash();
  const rival = await createSHA256();
  const sides = duel(
    {
      scalar: () => core.hash.create().update(bytes).digest(),
      'four lanes': () => core.hash.many(parts),
      'hash-wasm': () => rival.init().update(bytes).digest('binary'),
      'node:crypto': () => native.create().update(bytes).digest(),
    },
    rounds,
  );
  const goals = [
    { against: 'hash-wasm', atLeast: 1.3, of: 'scalar' },
    { against: 'hash-wasm', atLeast: 2.8, of: 'four lanes' },
  ];
  return { what: 'SHA-256, 1 MiB', bytes: bytes.length, sides, goals };
}

/** A tar of 10,000 small entries in chunks of 64 KiB, from bytes to the finished table. */
export function scanning(rounds: number): KernelMeasure {
  const core = new Core();
  const [layer] = stack(core, { layers: 1, entries: 10_000 });
  const tar = tarOf(core, layer as NonNullable<typeof layer>, 700);
  const chunks: Buffer[] = [];
  for (let at = 0; at < tar.length; at += 65_536) chunks.push(tar.subarray(at, at + 65_536));
  const sides = duel(
    {
      kernel: () =>
        core.scope(() => {
          const scanner = core.scanTar();
          for (const chunk of chunks) scanner.push(chunk);
          scanner.end();
          return scanner.linearTable().count;
        }),
      twin: () => {
        const scan = new TarScan();
        for (const chunk of chunks) scan.push(chunk);
        return scan.entries().length;
      },
    },
    rounds,
  );
  return { what: 'tar scan', bytes: tar.length, count: 10_000, sides, goals: [{ against: 'twin', atLeast: 5 }] };
}

/**
 * Union and diff, each side on its own form: tables in linear memory, objects on the heap. What a
 * table costs to be copied in and out stands in a line of its own.
 */
export function merging(shape: StackShape, rounds: number, time?: number): KernelMeasure[] {
  // Each in memory of its own: where a union of a million had been, one process in five had a diff take 23 ms, not 11.
  return [...unions(new Core(), shape, rounds, time), ...diffs(new Core(), shape, rounds, time)];
}

const goals = [{ against: 'twin', atLeast: 5 }];

function unions(core: Core, shape: StackShape, rounds: number, time?: number): KernelMeasure[] {
  const layers = stack(core, shape);
  const objects = layers.map(entriesOf);
  const count = layers.reduce((sum, layer) => sum + layer.count, 0);
  const size = `${shape.layers} × ${shape.entries.toLocaleString('en')}`;
  const sides = core.scope(() => {
    const held = layers.map((table) => core.load(table));
    return duel(
      {
        kernel: () => core.scope(() => core.linearUnion(held).count),
        twin: () => unionObjects(objects).length,
        'kernel, copied in and out': () => core.union(layers).count,
      },
      rounds,
      time,
    );
  });
  return [{ what: `union, ${size}`, count, sides, goals }];
}

/**
 * Of two trees that were read each on its own; the upper tenth of the layers is of another build. On their own, too: what
 * the other measure left is not to be collected while these run.
 */
function diffs(core: Core, shape: StackShape, rounds: number, time?: number): KernelMeasure[] {
  const a = core.union(stack(core, shape));
  const b = core.union(stack(core, { ...shape, rebuiltFrom: shape.layers * 0.9 }));
  const [x, y] = [entriesOf(a), entriesOf(b)];
  const count = Math.max(a.count, b.count);
  return core.scope(() => {
    const [left, right] = [core.load(a), core.load(b)];
    const race = (what: string, sameLayers: boolean) => {
      const sides = duel(
        {
          kernel: () => core.diff(left, right, { sameLayers }).count,
          twin: () => diffObjects(x, y, sameLayers).length,
        },
        rounds,
        time,
      );
      return { what, count, sides, goals };
    };
    return [race('diff of two trees', false), race('diff of two trees with common layers', true)];
  });
}
