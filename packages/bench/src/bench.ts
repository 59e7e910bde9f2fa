import { setImmediate as turn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { measureKernels } from './kernels/child.ts';
import { describeCommit, describeMachine } from './measure/machine.ts';
import { CommandFailed } from './measure/process.ts';
import type { Options } from './options.ts';
import type { Recorded, Results } from './results.ts';
import { Session } from './session.ts';
import { workloads } from './workloads/index.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** The workloads that were asked for, one after the other, every side in one session. */
export async function bench(options: Options, note: (text: string) => void): Promise<Results> {
  const chosen = workloads.filter(({ name }) => options.only === null || options.only.has(name));
  const needed = options.peers.filter((peer) => chosen.some(({ needs }) => needs.includes(peer)));
  const measures: Recorded[] = [];
  if (options.only === null || options.only.has('kernels')) measures.push(...kernels(options.full, note));
  const session = await Session.open(options.folder, needed);
  try {
    const versions: Record<string, string> = {};
    for (const [name, opened] of [['mica', { peer: session.mica }] as const, ...session.rivals])
      versions[name] = 'peer' in opened ? opened.peer.version : opened.absent;
    for (const workload of chosen) {
      note(`${workload.name} ${workload.title}`);
      const { mica, rivals, folder } = session;
      const context = {
        mica,
        rivals,
        folder,
        full: options.full,
        rounds: (quick: number, full: number) => options.rounds ?? (options.full ? full : quick),
        note: (text: string) => note(`${workload.name} ${text}`),
      };
      try {
        measures.push(...(await workload.measure(context)));
      } catch (error) {
        if (!(error instanceof CommandFailed)) throw error;
        await turn(); // Ctrl-C ended it, and is heard now
        // Told in every report; the other workloads go on.
        const sides = [{ name: 'mica', missing: `NOT MEASURED: ${error.message}` }];
        measures.push({ workload: workload.name, what: workload.title, sides, goals: [] });
        session.clear();
      }
    }
    const machine = describeMachine(session.folder);
    const mode = options.full ? 'full' : 'quick';
    const when = new Date().toISOString();
    return { schema: 1, when, mode, machine, commit: describeCommit(root), versions, measures };
  } finally {
    session.close();
  }
}

function kernels(full: boolean, note: (text: string) => void): Recorded[] {
  return (['sha256', 'scan', 'merge'] as const).flatMap((set) => {
    note(`kernels: ${set}`);
    return measureKernels(set, full ? 15 : 7).map((one) => ({ workload: 'kernel', ...one }));
  });
}
