import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { transferArchive, transferBytes, transferImage } from '../data/image.ts';
import { type Contender, contest, type Shown } from '../measure/contest.ts';
import { forget } from '../measure/forget.ts';
import { type Command, CommandFailed, run } from '../measure/process.ts';
import type { Docker } from '../peers/docker.ts';
import type { Mica } from '../peers/mica.ts';
import { Registry } from '../peers/registry.ts';
import { type Measure, rivalsOf, type Workload } from './workload.ts';

/** How many times as fast as docker; the rest is to be no slower. */
const GOALS: Readonly<Record<string, number>> = { load: 2, save: 2, pull: 3 };

/**
 * An image's ways in and out. Every push is the first one: the image freshly loaded, the registry empty. Load and pull
 * are measured with the first container of it as well, since Mica unpacks only then and docker at once.
 */
export const transfer: Workload = {
  name: 'W8',
  title: 'load, save, push, pull of 11 layers, 20,000 files',
  needs: ['docker'],
  async measure(bench) {
    const { peers, absent } = rivalsOf(bench, ['docker']);
    const engines = [bench.mica, ...peers] as (Mica | Docker)[];
    const archive = transferArchive();
    const registry = await Registry.open(bench.folder);
    const remote = `${registry.address}/${transferImage}`;
    const rounds = bench.rounds(3, 7);
    const out = join(bench.folder, 'saved.tar');
    const measures: Measure[] = [];
    const clean = (engine: Mica | Docker) => {
      for (const image of [transferImage, remote]) quietly(() => engine.removeImage(image));
      quietly(() => engine.do('image', 'prune', '-f'));
    };
    /** As for somebody who pulls what was never there. The engine's own program is in memory again, too. */
    const afresh = (engine: Mica | Docker, source: string) => {
      clean(engine);
      forget(source);
      for (let i = 0; i < 2; i++) quietly(() => engine.do('pull', `${registry.address}/bench/nothing:1`));
    };
    const race = async (
      what: string,
      of: (engine: Mica | Docker) => Partial<Contender> & { work: Command },
      more: Contender[] = [],
    ) => {
      bench.note(what);
      const contenders = engines.map((engine) => ({
        name: engine.name,
        ...(engine === bench.mica ? { warmUps: bench.mica.warmUps } : {}),
        ...of(engine),
      }));
      const sides: Shown[] = [...(await contest([...contenders, ...more], rounds, () => {})), ...absent];
      const goals = [{ against: 'docker', atLeast: GOALS[what] ?? 1 }];
      measures.push({ workload: 'W8', what, bytes: transferBytes(), count: 20_000, sides, goals });
    };
    try {
      await race('load', (engine) => ({
        work: engine.command('load', '-i', archive),
        before: () => afresh(engine, archive),
      }));
      await race('load and first run', (engine) => ({
        work: both(engine.command('load', '-i', archive), firstRun(engine, transferImage)),
        before: () => afresh(engine, archive),
      }));
      await race('save', (engine) => ({
        work: engine.command('save', '-o', out, transferImage),
        before: () => quietly(() => engine.do('load', '-i', archive)),
        after: () => rmSync(out, { force: true }),
      }));
      await race('push', (engine) => ({
        work: engine.command('push', remote),
        before: () => {
          clean(engine);
          registry.empty();
          engine.do('load', '-i', archive);
          engine.do('tag', transferImage, remote);
        },
      }));
      registry.empty();
      run({ argv: ['skopeo', 'copy', '--dest-tls-verify=false', `docker-archive:${archive}`, `docker://${remote}`] });
      const copied = join(bench.folder, 'copied');
      const floor: Contender = {
        name: 'skopeo, blobs only',
        work: { argv: ['skopeo', 'copy', '--src-tls-verify=false', `docker://${remote}`, `dir:${copied}`] },
        before: () => rmSync(copied, { recursive: true, force: true }),
      };
      await race(
        'pull',
        (engine) => ({ work: engine.command('pull', remote), before: () => afresh(engine, registry.folder) }),
        [floor],
      );
      await race('pull and first run', (engine) => ({
        work: both(engine.command('pull', remote), firstRun(engine, remote)),
        before: () => afresh(engine, registry.folder),
      }));
      rmSync(copied, { recursive: true, force: true });
    } finally {
      for (const engine of engines) clean(engine);
      await registry.close();
    }
    return measures;
  },
};

function firstRun(engine: Mica | Docker, image: string): Command {
  return engine.command('run', '--rm', '--network', 'none', image, '/bin/true');
}

function both(one: Command, other: Command): Command {
  const { env = {} } = one;
  const quote = (words: readonly string[]) => words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
  return { argv: ['sh', '-c', `${quote(one.argv)} > /dev/null && ${quote(other.argv)}`], env };
}

function quietly(work: () => unknown): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
  }
}
