import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { Engine, runFolder } from '@mica/engine';

export const bin = fileURLToPath(new URL('../../../../bin/mica', import.meta.url));

export interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** IDs of all containers of a store, asked in this process: the command line takes 150 ms of a processor for it. */
export function containersOf(root: string): string[] {
  if (!existsSync(join(root, 'mica.db'))) return [];
  const engine = new Engine({ root });
  try {
    return engine.list(true).map(({ id }) => id);
  } finally {
    engine.close();
  }
}

/** A folder of a test's own with as many stores as it names. The test removes it. */
export class MicaBench {
  readonly dir = mkdtempSync(join(tmpdir(), 'mica-cli-'));
  readonly env: Record<string, string> = { DOCKER_CONFIG: join(this.dir, 'docker-config') };

  run(store: string, args: readonly string[], input: string | Buffer = ''): Outcome {
    const done = spawnSync(bin, args, { input, maxBuffer: 1 << 28, env: this.#env(store) });
    return { code: done.status, out: done.stdout.toString(), err: done.stderr.toString() };
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

  ok(store: string, args: readonly string[], input?: string | Buffer): string {
    const { code, out, err } = this.run(store, args, input);
    if (code !== 0 || err !== '') throw new Error(`mica ${args.join(' ')}: ${code} ${err}`);
    return out;
  }

  /** `base:1`, a busybox, and `base:2`, a commit on it; each its own layer. */
  seed(store: string): void {
    const rootfs = join(this.dir, 'rootfs');
    for (const folder of ['bin', 'etc']) mkdirSync(join(rootfs, folder), { recursive: true });
    cpSync('/bin/busybox', join(rootfs, 'bin/busybox'), { dereference: true });
    for (const name of ['sh', 'cat', 'ls', 'seq', 'rm']) symlinkSync('busybox', join(rootfs, 'bin', name));
    const tar = spawnSync('tar', ['-C', rootfs, '-c', '.'], { maxBuffer: 1 << 26 }).stdout;
    this.ok(store, ['import', '-', 'base:1'], tar);
    this.ok(store, ['run', '--name', 'seed', 'base:1', 'sh', '-c', 'seq 100000 > /etc/numbers; rm /bin/ls']);
    this.ok(store, ['commit', '-m', 'numbers', 'seed', 'base:2']);
    this.ok(store, ['rm', 'seed']);
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
    return { ...process.env, ...this.env, MICA_ROOT: join(this.dir, store) };
  }
}
