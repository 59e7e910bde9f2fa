import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CommitBench } from '../support/commit-bench.ts';

let bench: CommitBench;
beforeAll(async () => {
  bench = await CommitBench.make();
});
afterAll(() => bench.close());

/** The processors that its threads may run on, by their names. */
function sets(pid: number): [string, string][] {
  return readdirSync(`/proc/${pid}/task`).map((id) => {
    const of = (file: string) => readFileSync(`/proc/${pid}/task/${id}/${file}`, 'latin1');
    const [, set = ''] = /Cpus_allowed:\s*(\S+)/.exec(of('status')) ?? [];
    return [Number(id) === pid ? 'main' : of('comm').trim(), set];
  });
}

it('while a layer is hashed beside its packing, what hashes it runs where what packs does not', async () => {
  const id = await bench.made('holes');
  // Each too small for a thread of Node's own, all together seconds of hashing.
  for (let n = 0; n < 8; n++) {
    const file = join(bench.upperOf(id), `d${n}`, 'hole');
    mkdirSync(join(file, '..'));
    writeFileSync(file, '');
    truncateSync(file, 300 << 20);
  }
  const commit = bench.store.spawn(['commit', 'holes']);
  const end = once(commit, 'exit');
  const [own] = sets(process.pid);
  const seen = new Set<string>();
  while (commit.exitCode === null && commit.signalCode === null) {
    try {
      for (const [name, set] of sets(commit.pid as number)) if (set !== own?.[1]) seen.add(name);
    } catch {} // a thread that ends
    await turn();
  }
  expect(await end).toEqual([0, null]);
  expect([...seen]).toEqual(availableParallelism() > 1 ? expect.arrayContaining(['libuv-worker']) : []);
  expect(seen).not.toContain('main');
});
