import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, CommandFailed, output, run } from '../measure/process.ts';
import type { Box, Peer } from './peer.ts';

/** The bridge of our own daemon; docker0 belongs to whoever else runs one here. */
const bridge = { name: 'micabench0', address: '10.231.77.1/24' };

/**
 * A dockerd of our own: own data on the same disk as Mica's store, own socket, own bridge, the host's
 * firewall left alone (which saves docker some work when it starts a container on a bridge).
 */
export class Docker implements Peer {
  readonly name = 'docker';
  readonly version: string;
  readonly #folder: string;
  readonly #host: string;
  readonly #daemon: ChildProcess;

  private constructor(folder: string, daemon: ChildProcess) {
    this.#folder = folder;
    this.#host = `unix://${join(folder, 'docker.sock')}`;
    this.#daemon = daemon;
    this.version = this.do('version', '--format', '{{.Server.Version}}');
  }

  /** @throws CommandFailed when no daemon comes up here */
  static async open(parent: string): Promise<Docker> {
    const folder = join(parent, 'docker');
    mkdirSync(folder, { recursive: true });
    run({ argv: ['ip', 'link', 'add', bridge.name, 'type', 'bridge'] });
    run({ argv: ['ip', 'addr', 'add', bridge.address, 'dev', bridge.name] });
    run({ argv: ['ip', 'link', 'set', bridge.name, 'up'] });
    const log = openSync(join(folder, 'log'), 'w');
    const args = [
      ['--data-root', join(folder, 'data')],
      ['--exec-root', join(folder, 'exec')],
      ['--pidfile', join(folder, 'pid')],
      ['-H', `unix://${join(folder, 'docker.sock')}`],
      ['--bridge', bridge.name],
      ['--iptables=false', '--ip6tables=false', '--ip-masq=false', '--storage-driver=overlay2'],
    ].flat();
    const daemon = spawn('dockerd', args, { stdio: ['ignore', log, log] });
    closeSync(log);
    const host = `unix://${join(folder, 'docker.sock')}`;
    const gone = new Promise<void>((resolve) => daemon.once('exit', () => resolve()));
    for (let tries = 0; tries < 150 && daemon.exitCode === null; tries++) {
      if (answers(host)) return new Docker(folder, daemon);
      await Promise.race([new Promise((resolve) => setTimeout(resolve, 200)), gone]);
    }
    daemon.kill();
    const why = existsSync(join(folder, 'log')) ? readFileSync(join(folder, 'log'), 'utf8') : '';
    removeBridge();
    throw new CommandFailed(`dockerd did not start: ${why.trim().split('\n').at(-1) ?? ''}`);
  }

  command(...args: string[]): Command {
    return {
      argv: ['docker', '-H', this.#host, ...args],
      env: { DOCKER_CONTENT_TRUST: '0', DOCKER_CLI_HINTS: 'false' },
    };
  }
  do(...args: string[]): string {
    return run(this.command(...args)).stdout.trim();
  }

  importImage(tar: string, image: string): void {
    this.do('import', tar, image);
  }
  create(image: string, name: string): Box {
    this.do('create', '--name', name, '--network', 'none', image, 'sleep', '1000000');
    return { name, upper: this.do('inspect', '--format', '{{.GraphDriver.Data.UpperDir}}', name) };
  }
  start(box: Box): void {
    this.do('start', box.name);
  }
  remove(box: Box): void {
    this.do('rm', '-f', box.name);
  }
  removeImage(image: string): void {
    this.do('rmi', '-f', image);
  }
  removeImages(images: readonly string[]): void {
    this.do('rmi', '-f', ...images);
  }
  commit(box: Box, image: string): Command {
    return this.command('commit', box.name, image);
  }

  clear(): void {
    const ids = this.do('ps', '-aq').split('\n').filter(Boolean);
    if (ids.length > 0) this.do('rm', '-f', ...ids);
  }
  close(): void {
    try {
      this.clear();
    } finally {
      stop(this.#daemon);
      removeBridge();
      for (const line of readFileSync('/proc/mounts', 'utf8').split('\n').reverse()) {
        const at = line.split(' ')[1] ?? '';
        if (at.startsWith(`${this.#folder}/`)) run({ argv: ['umount', at] });
      }
      rmSync(this.#folder, { recursive: true, force: true });
    }
  }
}

function answers(host: string): boolean {
  try {
    output(['docker', '-H', host, 'version', '--format', '{{.Server.Version}}']);
    return true;
  } catch (error) {
    if (error instanceof CommandFailed) return false;
    throw error;
  }
}

/** Asks it to end and waits in this thread: a signal's handler has no other way. */
function stop(daemon: ChildProcess): void {
  const pid = daemon.pid;
  if (pid === undefined) return;
  daemon.kill('SIGTERM');
  for (let waited = 0; waited < 300 && existsSync(`/proc/${pid}/exe`); waited++) {
    if (/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))) return;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
  }
}

function removeBridge(): void {
  try {
    run({ argv: ['ip', 'link', 'del', bridge.name] });
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
  }
}
