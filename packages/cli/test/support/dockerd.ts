import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** By itself, by a signal, or before it began. */
export function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
}

/** A docker daemon of the test's own: its own data, state and socket, no network, ended by its pid. */
export class Dockerd {
  readonly dir: string;
  readonly #process: ChildProcess;

  private constructor(dir: string, process: ChildProcess) {
    this.dir = dir;
    this.#process = process;
  }

  static async start(): Promise<Dockerd> {
    const dir = mkdtempSync(join(tmpdir(), 'mica-dockerd-'));
    const args = ['--data-root', join(dir, 'data'), '--exec-root', join(dir, 'exec'), '--pidfile', join(dir, 'pid')];
    // Into a file: this thread waits for docker's answers, and does not read a pipe meanwhile. Full, it would have dockerd
    // wait for this thread.
    const log = openSync(join(dir, 'log'), 'w');
    const child = spawn(
      'dockerd',
      [...args, '-H', `unix://${dir}/sock`, '--bridge=none', '--iptables=false', '--ip6tables=false'],
      { stdio: ['ignore', log, log], env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` } },
    );
    closeSync(log);
    child.on('error', () => {});
    const daemon = new Dockerd(dir, child);
    for (let waited = 0; waited < 2400; waited++) {
      if (existsSync(join(dir, 'sock')) && daemon.run(['version']).code === 0) return daemon;
      if (hasEnded(child)) break;
      await sleep(50);
    }
    const said = readFileSync(join(dir, 'log'), 'utf8').slice(-2000);
    await daemon.stop();
    throw new Error(`dockerd did not start (apt-get install docker.io; it needs root): ${said}`);
  }

  run(args: readonly string[], input: string | Buffer = ''): { code: number | null; out: string; err: string } {
    const done = spawnSync('docker', args, {
      input,
      maxBuffer: 1 << 28,
      timeout: 120_000, // no test's own limit is heard while this waits
      killSignal: 'SIGKILL',
      env: { ...process.env, DOCKER_HOST: `unix://${this.dir}/sock`, DOCKER_CONFIG: join(this.dir, 'config') },
    });
    return { code: done.status, out: done.stdout.toString(), err: `${done.stderr}${done.error ?? ''}` };
  }

  ok(args: readonly string[], input?: string | Buffer): string {
    const { code, out, err } = this.run(args, input);
    if (code !== 0) throw new Error(`docker ${args.join(' ')}: ${err}`);
    return out;
  }

  async stop(): Promise<void> {
    if (!hasEnded(this.#process)) {
      const gone = once(this.#process, 'exit');
      this.#process.kill('SIGTERM');
      await gone;
    }
    const mounts = readFileSync('/proc/mounts', 'utf8')
      .split('\n')
      .map((line) => line.split(' ')[1] ?? '')
      .filter((at) => at.startsWith(this.dir));
    for (const at of mounts.reverse()) spawnSync('umount', [at]);
    rmSync(this.dir, { recursive: true, force: true });
  }
}
