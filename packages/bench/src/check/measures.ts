import { mkdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { batchFiles, busyboxTar, checkFiles } from '../data/trees.ts';
import { measureKernels } from '../kernels/child.ts';
import { contest } from '../measure/contest.ts';
import type { Command } from '../measure/process.ts';
import type { Mica } from '../peers/mica.ts';
import type { Box } from '../peers/peer.ts';
import { base, settle } from '../workloads/commit-contest.ts';
import { fillFrom } from '../workloads/fill.ts';
import type { Taken } from './judge.ts';

/** Something that CI watches: Mica's side and a reference that no change of ours can move. */
export interface Watched {
  readonly name: string;
  /** Between a look and the next, when it looks slower; none unless told. */
  readonly pauseMs?: number;
  take(rounds: number): Promise<Taken>;
}

/**
 * A host that is shared has moods of seconds, in which WASM loses more than what V8 compiles (a scan 0.13 and 0.18 of
 * its twin within an hour): five looks at a kernel, a second each, may all fall into one.
 */
const MOOD_MS = 12_000;

/** Whole commands against what the machine's own tools need for the same bytes. Idle containers: no privilege is needed. */
export function watchedCommands(mica: Mica, folder: string): Watched[] {
  mica.importImage(busyboxTar(), base);
  const tree = join(folder, 'floor');
  mkdirSync(tree, { recursive: true });
  fillFrom(checkFiles())(tree);
  const filled = mica.create(base, 'filled');
  fillFrom(checkFiles())(filled.upper);
  const tiny = mica.create(base, 'tiny');
  mkdirSync(join(tiny.upper, 'data'), { recursive: true });
  const batch = Array.from({ length: 6 }, (_, i) => mica.create(base, `batch${i}`));
  for (const [i, box] of batch.entries()) fillFrom(batchFiles(i))(box.upper);
  const names = batch.map(({ name }) => name);
  const images = names.map((name) => `bench/check-${name}:1`);
  const { warmUps } = mica;
  const commitBatch = {
    warmUps,
    work: mica.command('commit', '--tag', 'bench/check-{name}:1', ...names),
    before: () => settle(...batch.map(({ upper }) => upper)),
    after: () => mica.removeImage(...images),
  };
  const commit = (box: Box) => ({
    warmUps,
    work: mica.commit(box, 'bench/check:1'),
    before: () => settle(box.upper),
    after: () => mica.removeImage('bench/check:1'),
  });
  return [
    race('commit of 3,000 files', commit(filled), readAndHash(tree)),
    race('commit of 6 containers', commitBatch, readAndHash(...batch.map(({ upper }) => upper))),
    race('commit of one directory', commit(tiny), nothing),
    watchedPs(mica),
  ];
}

/** What every command costs at least. It needs no container, and so takes seconds. */
export function watchedPs(mica: Mica): Watched {
  return race('ps', { work: mica.command('ps'), warmUps: mica.warmUps }, nothing);
}

const nothing: Command = { argv: [process.execPath, '-e', '0'] };

function race(
  name: string,
  ours: { work: Command; warmUps: number; before?: () => void; after?: () => void },
  reference: Command,
): Watched {
  return {
    name,
    take: async (rounds) => {
      const sides = await contest(
        [
          { name: 'mica', ...ours },
          { name: 'reference', work: reference },
        ],
        rounds,
        () => {},
      );
      for (const { missing } of sides) if (missing !== undefined) throw new Error(`${name}: ${missing}`);
      return { ours: sides[0]?.seconds?.samples ?? [], reference: sides[1]?.seconds?.samples ?? [] };
    },
  };
}

/** Of tools that every Debian has; as many trees at a time as there are processors, as Mica has it. */
function readAndHash(...trees: readonly string[]): Command {
  const one = 'tar -C "$0" -c . | sha256sum > /dev/null';
  return { argv: ['xargs', `-P${availableParallelism()}`, '-n1', 'sh', '-c', one], input: `${trees.join('\n')}\n` };
}

const kernels = [
  { set: 'sha256', what: 'SHA-256, 1 MiB', ours: 'scalar', reference: 'hash-wasm' },
  { set: 'sha256', what: 'SHA-256, 1 MiB', ours: 'four lanes', reference: 'hash-wasm' },
  { set: 'scan', what: 'tar scan', ours: 'kernel', reference: 'twin' },
  { set: 'merge', what: 'union, 20 × 2,000', ours: 'kernel', reference: 'twin' },
  { set: 'merge', what: 'diff of two trees', ours: 'kernel', reference: 'twin' },
] as const;

/**
 * Kernels against their plain-TypeScript twins or another library's. A look is a median against a median, of rounds that
 * took turns: 0.124 to 0.135 in eight looks at a scan, in both of the host's moods. Not the fastest against the fastest:
 * one round of a twin in sixty has nothing to collect and takes 29 ms instead of 40. Nor one look alone: a mood may
 * change in its middle.
 */
export function watchedKernels(): Watched[] {
  return kernels.map(({ set, what, ours, reference }) => ({
    name: `${what}: ${ours} against ${reference}`,
    pauseMs: MOOD_MS,
    take: async (rounds) => {
      const sides = measureKernels(set, rounds).find((one) => one.what === what)?.sides ?? [];
      const median = (name: string) => sides.find((side) => side.name === name)?.seconds?.median ?? Number.NaN;
      return { ours: [median(ours)], reference: [median(reference)], paired: true };
    },
  }));
}
