import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, CommandFailed, output } from '../measure/process.ts';
import { addBridge, removeBridge } from './bridge.ts';
import { DockerLike } from './docker-like.ts';
import type { Box } from './peer.ts';
import { stopDaemon, unmountBelow } from './remains.ts';

/**
 * A dockerd of our own: own data on the same disk as Mica's store, own socket, own bridge, the host's
 * firewall left alone (which saves docker some work when it starts a container on a bridge).
 */
export class Docker extends DockerLike {
  readonly name = 'docker';
  readonly version: string;
  readonly #folder: string;
  readonly #host: string;
  readonly #parent: string;
  readonly #daemon: ChildProcess;

  private constructor(parent: string, folder: string, daemon: ChildProcess) {
    super();
    this.#parent = parent;
    this.#folder = folder;
    this.#host = `unix://${join(folder, 'docker.sock')}`;
    this.#daemon = daemon;
    this.version = this.do('version', '--format', '{{.Server.Version}}');
  }

  /** @throws CommandFailed when no daemon comes up here */
  static async open(parent: string): Promise<Docker> {
    const folder = join(parent, 'docker');
    mkdirSync(folder, { recursive: true });
    const bridge = addBridge(parent);
    const log = openSync(join(folder, 'log'), 'w');
    const args = [
      ['--data-root', join(folder, 'data')],
      ['--exec-root', join(folder, 'exec')],
      ['--pidfile', join(folder, 'pid')],
      ['-H', `unix://${join(folder, 'docker.sock')}`],
      ['--bridge', bridge],
      ['--iptables=false', '--ip6tables=false', '--ip-masq=false', '--storage-driver=overlay2'],
    ].flat();
    // In a group of its own: Ctrl-C at a terminal would end it before its containers are taken away.
    const daemon = spawn('dockerd', args, { stdio: ['ignore', log, log], detached: true });
    closeSync(log);
    const host = `unix://${join(folder, 'docker.sock')}`;
    const gone = new Promise<void>((resolve) => daemon.once('exit', () => resolve()));
    for (let tries = 0; tries < 150 && daemon.exitCode === null; tries++) {
      if (answers(host)) return new Docker(parent, folder, daemon);
      await Promise.race([new Promise((resolve) => setTimeout(resolve, 200)), gone]);
    }
    daemon.kill();
    const why = existsSync(join(folder, 'log')) ? readFileSync(join(folder, 'log'), 'utf8') : '';
    removeBridge(parent);
    throw new CommandFailed(`dockerd did not start: ${why.trim().split('\n').at(-1) ?? ''}`);
  }

  command(...args: string[]): Command {
    return {
      argv: ['docker', '-H', this.#host, ...args],
      env: { DOCKER_CONTENT_TRUST: '0', DOCKER_CLI_HINTS: 'false' },
    };
  }
  create(image: string, name: string): Box {
    this.do('create', '--name', name, '--network', 'none', image, 'sleep', '1000000');
    return { name, upper: this.do('inspect', '--format', '{{.GraphDriver.Data.UpperDir}}', name) };
  }
  close(): void {
    try {
      this.clear();
    } finally {
      if (this.#daemon.pid !== undefined) stopDaemon(this.#daemon.pid);
      removeBridge(this.#parent);
      unmountBelow(this.#folder);
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
