import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runFolder } from '@mica/engine';
import { expect } from 'vitest';
import type { MicaBench } from './mica.ts';
import { processesWith } from './processes.ts';
import { makeRootfs, tarOf } from './rootfs.ts';
import { patience } from './store.ts';

/** `net:1`: a busybox with what a test of networks needs; `hello` answers on port 80 of its argument's protocol. */
export async function seedNetworkImage(bench: MicaBench, store: string): Promise<void> {
  const rootfs = join(bench.dir, 'net-rootfs');
  const names = ['sh', 'cat', 'sleep', 'nc', 'ip', 'nslookup', 'ping', 'echo', 'hostname', 'true', 'grep'];
  makeRootfs(rootfs, ['etc', 'tmp'], names);
  await bench.import(store, tarOf(rootfs), 'net:1');
}

/** A command that answers every TCP connection to `port` with `text`. */
export function answering(port: number, text: string): string[] {
  return ['nc', '-ll', '-p', String(port), '-e', 'echo', text];
}

/** What comes from there, or the errno's name. Waits for a server that is still starting, or has no time. */
export async function ask(host: string, port: number, seconds = 60): Promise<string> {
  for (let waited = 0; ; waited += 100) {
    const answer = await new Promise<string>((resolve) => {
      let text = '';
      const socket = connect({ host, port, timeout: 3000 });
      socket.on('data', (chunk) => {
        text += chunk;
      });
      socket.on('timeout', () => socket.destroy(Object.assign(new Error(), { code: 'ETIMEDOUT' })));
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
      socket.on('close', () => resolve(text));
    });
    if (!['', 'ECONNREFUSED', 'ETIMEDOUT'].includes(answer) || waited >= seconds * 1000) return answer.trim();
    await sleep(100);
  }
}

/**
 * Resolves once something listens on that TCP port in the network namespace of a process: `run -d` is back before
 * its command has begun to.
 */
export async function listens(pid: number, port: number): Promise<void> {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  const listening = new RegExp(`:${hex} [0-9A-F]+:0000 0A `); // proc_net_tcp.txt; 0A: TCP_LISTEN
  const sockets = () => ['tcp', 'tcp6'].map((kind) => readFileSync(`/proc/${pid}/net/${kind}`, 'latin1')).join('');
  await expect.poll(sockets, patience).toMatch(listening);
}

/** What a store has on the machine. */
export class Footprint {
  readonly root: string;
  readonly hash: string;
  constructor(bench: MicaBench, store: string) {
    this.root = join(bench.dir, store);
    this.hash = basename(runFolder(this.root));
  }
  get run(): string {
    return runFolder(this.root);
  }
  get bridge(): string {
    return `mica-${this.hash}`;
  }
  pid(id: string): number {
    return Number(readFileSync(join(this.run, id, 'pidfile'), 'utf8'));
  }
  /** Interfaces on its bridge. */
  ports(): string[] {
    try {
      return readdirSync(`/sys/class/net/${this.bridge}/brif`);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      return []; // no bridge, or it went as its folder was read
    }
  }
  hasTable(): boolean {
    return new RegExp(` mica-${this.hash}$`, 'm').test(command('nft', ['list', 'tables']));
  }
  /** Processes whose command line names the store or its run folder. */
  processes(): number[] {
    return processesWith((words) => [this.root, this.run].some((path) => words.join('\0').includes(path)));
  }
  /** Runs a command in the container's network namespace alone. */
  inside(id: string, ...words: string[]): string {
    return command('nsenter', ['-t', String(this.pid(id)), '-n', ...words]);
  }
}

export function command(program: string, args: readonly string[]): string {
  const done = spawnSync(program, args, {
    encoding: 'utf8',
    env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` },
  });
  if (done.error) throw new Error(`${program} is missing: apt-get install iproute2 nftables util-linux`);
  return `${done.stdout}${done.stderr}`.trim();
}

/** Another machine as far as this one can tell: a namespace behind an interface of its own. Only 198.18.0.0/15 (RFC 2544). */
export class Neighbour {
  readonly here: string;
  readonly there: string;
  readonly #link: string;
  readonly #process: ChildProcess;

  private constructor(process: ChildProcess) {
    const n = (process.pid ?? 0) % 16000;
    this.#process = process;
    this.#link = `mt${process.pid}`;
    this.here = `198.19.${n >> 6}.${(n & 63) * 4 + 1}`;
    this.there = `198.19.${n >> 6}.${(n & 63) * 4 + 2}`;
  }

  static async start(): Promise<Neighbour> {
    const child = spawn('unshare', ['-n', 'sleep', '1000'], { stdio: 'ignore' });
    await once(child, 'spawn');
    const own = command('readlink', ['/proc/self/ns/net']);
    await expect.poll(() => command('readlink', [`/proc/${child.pid}/ns/net`]), patience).not.toBe(own);
    const one = new Neighbour(child);
    const pid = String(child.pid);
    command('ip', ['link', 'add', one.#link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', pid]);
    command('ip', ['addr', 'add', `${one.here}/30`, 'dev', one.#link]);
    command('ip', ['link', 'set', one.#link, 'up']);
    one.run('ip', 'addr', 'add', `${one.there}/30`, 'dev', 'eth0');
    one.run('ip', 'link', 'set', 'eth0', 'up');
    one.run('ip', 'route', 'add', 'default', 'via', one.here);
    return one;
  }
  run(...words: string[]): string {
    return command('nsenter', ['-t', String(this.#process.pid), '-n', ...words]);
  }
  /** What a TCP server says, or why not; after so many seconds it says nothing. */
  ask(host: string, port: number, seconds = 2): string {
    return this.run('busybox', 'nc', '-w', `${seconds}`, host, String(port));
  }
  stop(): void {
    this.#process.kill('SIGKILL');
    command('ip', ['link', 'del', this.#link]);
  }
}
