import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CommitBench } from '../support/commit-bench.ts';

let bench: CommitBench;
beforeAll(async () => {
  bench = await CommitBench.make();
});
afterAll(() => bench.close());

/** The classes of its threads, by their names: sched(7), and proc(5), the 41st field of a thread's stat. */
function classes(pid: number): [string, number][] {
  return readdirSync(`/proc/${pid}/task`).map((id) => {
    const stat = readFileSync(`/proc/${pid}/task/${id}/stat`, 'latin1');
    const [name, fields] = stat.slice(stat.indexOf('(') + 1).split(') ');
    return [Number(id) === pid ? 'main' : String(name), Number(fields?.split(' ')[38])];
  });
}

it('while a layer is hashed beside its packing, what hashes it does not interrupt what packs', async () => {
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
  const seen = new Set<string>();
  while (commit.exitCode === null && commit.signalCode === null) {
    try {
      for (const [name, policy] of classes(commit.pid as number)) seen.add(`${name} ${policy}`);
    } catch {} // a thread that ends
    await turn();
  }
  expect(await end).toEqual([0, null]);
  expect(seen).toContain('libuv-worker 3');
  expect(seen).toContain('main 0');
  expect(seen).not.toContain('main 3');
});
