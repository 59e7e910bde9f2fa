import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runFolder } from '@mica/engine';
import { afterAll, beforeAll, expect } from 'vitest';
import { inProcess } from './in-process.ts';
import { bin, importInto, type Outcome, removeContainersOf } from './mica.ts';
import { makeRootfs, tarOf } from './rootfs.ts';

export { bin };

/** For what happens by itself: long enough for any machine. One look after the other without a pause would take it the processor. */
export const patience = { timeout: 60_000, interval: 100 };

interface RunOptions {
  readonly input?: string | Buffer;
  readonly env?: Readonly<Record<string, string>>;
}

/** A store of the test's own, with a busybox image `base:1`, and the command line on it. Call `remove` at the end. */
export class TestStore {
  readonly work = mkdtempSync(join(tmpdir(), 'mica-cli-'));
  readonly root = join(this.work, 'store');
  /** Where its containers have their sockets and pid files while they run. */
  readonly runFolder = runFolder(this.root);

  async importBase(): Promise<void> {
    const rootfs = join(this.work, 'rootfs');
    const applets = spawnSync('/bin/busybox', ['--list']).stdout.toString().split('\n');
    const names = applets.filter((name) => name !== '' && name !== 'busybox');
    makeRootfs(rootfs, ['etc', 'tmp', 'root'], names);
    writeFileSync(join(rootfs, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\nann:x:1000:100::/home/ann:/bin/sh\n');
    writeFileSync(join(rootfs, 'etc/group'), 'root:x:0:\nusers:x:100:\nwheel:x:10:ann\n');
    await importInto(this.root, tarOf(rootfs), 'base:1');
  }

  run(args: readonly string[], options: RunOptions = {}) {
    const env = { ...process.env, MICA_ROOT: this.root, ...options.env };
    const done = spawnSync(bin, args, { input: options.input ?? '', env, maxBuffer: 1 << 26 });
    return { code: done.status, out: done.stdout.toString(), err: done.stderr.toString() };
  }
  /** As {@link run}, in this process. See {@link inProcess} for what it is. */
  here(args: readonly string[], input?: string | Buffer): Promise<Outcome> {
    return inProcess(args, { MICA_ROOT: this.root }, input);
  }
  /** Expects success and not a word on standard error; standard output. */
  ok(args: readonly string[], options: RunOptions = {}): string {
    const { code, out, err } = this.run(args, options);
    expect({ code, err }, args.join(' ')).toEqual({ code: 0, err: '' });
    return out;
  }
  /** As {@link ok}, in this process. */
  async okHere(args: readonly string[], input?: string | Buffer): Promise<string> {
    const { code, out, err } = await this.here(args, input);
    expect({ code, err }, args.join(' ')).toEqual({ code: 0, err: '' });
    return out;
  }
  /** Of {@link okHere}. */
  async linesHere(...args: string[]): Promise<string[]> {
    return (await this.okHere(args)).split('\n').filter(Boolean);
  }
  lines(...args: string[]): string[] {
    return this.ok(args).split('\n').filter(Boolean);
  }
  /** A container in the background, without a network; its name. */
  start(name: string, script: string, ...flags: string[]): string {
    this.ok(['run', '-d', '--name', name, '--network', 'none', ...flags, 'base:1', 'sh', '-c', script]);
    return name;
  }
  /** Left running; its standard streams are pipes. */
  spawn(args: readonly string[]) {
    return spawn(bin, args, { env: { ...process.env, MICA_ROOT: this.root } });
  }

  mounts(): string[] {
    return readFileSync('/proc/mounts', 'utf8')
      .split('\n')
      .filter((line) => line.includes(this.work));
  }
  async removeContainers(): Promise<void> {
    await removeContainersOf(this.root);
    expect(this.mounts()).toEqual([]);
    // Not there before the first container: where `vitest -t` left out every test that makes one.
    const folder = join(this.root, 'containers');
    expect(existsSync(folder) ? readdirSync(folder) : []).toEqual([]);
  }
  remove(): void {
    rmSync(this.runFolder, { recursive: true, force: true });
    rmSync(this.work, { recursive: true, force: true });
  }
}

/** One for all tests of the file, with `base:1`. Its containers go first, and leave nothing. */
export function testStore(): TestStore {
  const store = new TestStore();
  beforeAll(() => store.importBase());
  afterAll(async () => {
    await store.removeContainers();
    store.remove();
  });
  return store;
}

/** Of a container without a network that goes when it ends. */
export function onceRun(args: readonly string[]): string[] {
  return ['run', '--rm', '--network', 'none', ...args];
}
