import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { CommandFailed } from '../measure/process.ts';

/** Debian's docker-registry on a free port of loopback, with a folder of its own. */
export class Registry {
  readonly address: string;
  readonly folder: string;
  readonly #config: string;
  #process: ChildProcess | null = null;
  readonly #end = () => {
    this.#process?.kill('SIGKILL');
  };

  private constructor(folder: string, port: number) {
    this.address = `127.0.0.1:${port}`; // not every machine has localhost in its hosts file;
    this.folder = folder;
    this.#config = `${folder}.yml`;
    const storage = { filesystem: { rootdirectory: folder }, delete: { enabled: true } };
    // JSON is YAML.
    const config = { version: 0.1, log: { level: 'error' }, storage, http: { addr: `127.0.0.1:${port}` } };
    writeFileSync(this.#config, JSON.stringify(config));
  }

  static async open(parent: string): Promise<Registry> {
    const registry = new Registry(join(parent, 'registry'), await freePort());
    await registry.start();
    return registry;
  }

  /** Forgets all that was pushed: it keeps nothing in memory that is not in its folder. */
  empty(): void {
    rmSync(join(this.folder, 'docker'), { recursive: true, force: true });
  }

  private async start(): Promise<void> {
    mkdirSync(this.folder, { recursive: true });
    const started = spawn('docker-registry', ['serve', this.#config], { stdio: 'ignore' });
    started.on('error', () => {});
    this.#process = started;
    process.once('exit', this.#end); // an interrupted run
    for (let tries = 0; tries < 200; tries++) {
      if (started.exitCode !== null || started.pid === undefined) break;
      if (
        await fetch(`http://${this.address}/v2/`).then(
          ({ ok }) => ok,
          () => false,
        )
      )
        return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await this.close();
    throw new CommandFailed('docker-registry did not start (apt-get install docker-registry)');
  }

  async #stop(): Promise<void> {
    const running = this.#process;
    this.#process = null;
    process.off('exit', this.#end);
    if (!running || running.exitCode !== null || running.pid === undefined) return;
    const gone = new Promise((resolve) => running.once('exit', resolve));
    running.kill('SIGTERM');
    await gone;
  }

  async close(): Promise<void> {
    await this.#stop();
    rmSync(this.folder, { recursive: true, force: true });
    rmSync(this.#config, { force: true });
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
