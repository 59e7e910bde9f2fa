import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { Engine, runFolder } from '@mica/engine';
import { inProcess } from './in-process.ts';
import { makeRootfs, tarOf } from './rootfs.ts';

export const bin = fileURLToPath(new URL('../../../../bin/mica', import.meta.url));

export interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** IDs of all containers of a store, asked in this process: the command line takes 150 ms of a processor for it. */
function containersOf(root: string): string[] {
  if (!existsSync(join(root, 'mica.db'))) return [];
  using engine = new Engine({ root });
  return engine.containers.list(true).map(({ id }) => id);
}

/** Removes all containers of a store, running ones too, as {@link containersOf} asks for them. */
export async function removeContainersOf(root: string, volumes = false): Promise<void> {
  if (!existsSync(join(root, 'mica.db'))) return;
  using engine = new Engine({ root });
  for (const { id } of engine.containers.list(true)) await engine.containers.remove(id, true, volumes);
}

/** A folder of a test's own with as many stores as it names. The test removes it. */
export class MicaBench {
  readonly dir = mkdtempSync(join(tmpdir(), 'mica-cli-'));
  readonly env: Record<string, string> = { DOCKER_CONFIG: join(this.dir, 'docker-config') };

  run(store: string, args: readonly string[], input: string | Buffer = ''): Outcome {
    const done = spawnSync(bin, args, { input, maxBuffer: 1 << 28, env: this.#env(store) });
    return { code: done.status, out: done.stdout.toString(), err: done.stderr.toString() };
  }

  /** As {@link run}, in this process. See {@link inProcess} for what it is. */
  here(store: string, args: readonly string[], input?: string | Buffer): Promise<Outcome> {
    return inProcess(args, this.#own(store), input);
  }

  /** As {@link ok}, in this process. */
  async okHere(store: string, args: readonly string[], input?: string | Buffer): Promise<string> {
    return succeeded(args, await this.here(store, args, input));
  }

  /** Standard output as it is. */
  bytes(store: string, args: readonly string[]): Buffer {
    const done = spawnSync(bin, args, { maxBuffer: 1 << 28, env: this.#env(store) });
    if (done.status !== 0) throw new Error(`mica ${args.join(' ')}: ${done.status} ${done.stderr}`);
    return done.stdout;
  }

  /** Beside the test's own event loop: for servers that the test itself runs. */
  async start(store: string, args: readonly string[], input: string | Buffer = ''): Promise<Outcome> {
    const child = spawn(bin, args, { env: this.#env(store) });
    child.stdin.end(input);
    const streams = Promise.all([buffer(child.stdout), buffer(child.stderr)]);
    const [code] = (await once(child, 'close')) as [number | null];
    const [out, err] = await streams;
    return { code, out: out.toString(), err: err.toString() };
  }

  /** IDs of all its containers, by no command line. */
  containers(store: string): string[] {
    return containersOf(join(this.dir, store));
  }

  /** All its containers gone, by no command line. */
  removeContainers(store: string, volumes = false): Promise<void> {
    return removeContainersOf(join(this.dir, store), volumes);
  }

  /** An image of one layer, by no command line. */
  async import(store: string, tar: Buffer, reference: string): Promise<void> {
    await importInto(join(this.dir, store), tar, reference);
  }

  /** A second name for an image, by no command line. */
  tag(store: string, image: string, name: string): void {
    using engine = new Engine({ root: join(this.dir, store) });
    engine.images.tag(image, name);
  }

  ok(store: string, args: readonly string[], input?: string | Buffer): string {
    return succeeded(args, this.run(store, args, input));
  }

  /** `base:1`, a busybox, and `base:2`, a commit on it; each its own layer. Made in this process, as {@link containersOf} asks. */
  async seed(store: string): Promise<void> {
    const rootfs = join(this.dir, 'rootfs');
    makeRootfs(rootfs, ['etc'], ['sh', 'cat', 'ls', 'seq', 'rm']);
    await this.import(store, tarOf(rootfs), 'base:1');
    using engine = new Engine({ root: join(this.dir, store) });
    const command = ['sh', '-c', 'seq 100000 > /etc/numbers; rm /bin/ls'];
    await engine.containers.create({ image: 'base:1', name: 'seed', network: 'none', command });
    await engine.containers.start('seed');
    if ((await engine.containers.wait('seed')) !== 0) throw new Error('the container that makes base:2 failed');
    await engine.commit('seed', 'base:2', { message: 'numbers' });
    await engine.containers.remove('seed');
  }

  /** What a test left running or ended goes first: a run folder would outlive its store. */
  close(): void {
    for (const store of readdirSync(this.dir)) {
      const folder = runFolder(join(this.dir, store));
      if (!existsSync(folder)) continue;
      const ids = this.containers(store);
      if (ids.length > 0) this.run(store, ['rm', '-f', ...ids]);
      rmSync(folder, { recursive: true, force: true });
    }
    rmSync(this.dir, { recursive: true, force: true });
  }

  #env(store: string): NodeJS.ProcessEnv {
    return { ...process.env, ...this.#own(store) };
  }
  #own(store: string): Record<string, string> {
    return { ...this.env, MICA_ROOT: join(this.dir, store) };
  }
}

/** An image of one layer. In this process, as {@link containersOf} asks. */
export async function importInto(root: string, tar: Buffer, reference: string): Promise<void> {
  using engine = new Engine({ root });
  await engine.archives.import(Readable.from([tar]), { reference });
}

function succeeded(args: readonly string[], { code, out, err }: Outcome): string {
  if (code !== 0 || err !== '') throw new Error(`mica ${args.join(' ')}: ${code} ${err}`);
  return out;
}
