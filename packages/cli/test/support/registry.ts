import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasEnded } from './dockerd.ts';

/** Debian's docker-registry on a loopback port of its own, with its data in a folder of its own. */
export class RegistryServer {
  readonly host: string;
  readonly #dir: string;
  readonly #process: ChildProcess;

  private constructor(host: string, dir: string, process: ChildProcess) {
    this.host = host;
    this.#dir = dir;
    this.#process = process;
  }

  /** `extra` is more of its configuration (YAML). */
  static async start(extra = '', tls?: { certificate: string; key: string }): Promise<RegistryServer> {
    const dir = mkdtempSync(join(tmpdir(), 'mica-registry-'));
    const lines = [
      'version: 0.1',
      'log: { level: info, accesslog: { disabled: true } }',
      `storage: { filesystem: { rootdirectory: ${dir}/data }, delete: { enabled: true } }`,
      `http: { addr: "127.0.0.1:0"${tls ? `, tls: { certificate: ${tls.certificate}, key: ${tls.key} }` : ''} }`,
      extra,
    ];
    writeFileSync(join(dir, 'config.yml'), `${lines.join('\n')}\n`);
    // Into a file: a test that waits for a command reads no pipe meanwhile, and the registry would wait for room in it.
    const log = openSync(join(dir, 'log'), 'w');
    const child = spawn('docker-registry', ['serve', join(dir, 'config.yml')], { stdio: ['ignore', 'ignore', log] });
    closeSync(log);
    child.on('error', () => {});
    const said = () => readFileSync(join(dir, 'log'), 'utf8');
    // Its own word of the port it was given: one that was looked for before might be another's by now.
    let host: string | undefined;
    for (let waited = 0; waited < 3000 && host === undefined; waited++) {
      [, host] = /msg="listening on (127\.0\.0\.1:\d+)/.exec(said()) ?? [];
      if (hasEnded(child)) break;
      if (host === undefined) await sleep(10);
    }
    const server = new RegistryServer(host ?? '', dir, child);
    if (host !== undefined) return server;
    const why = said().slice(-2000);
    await server.stop();
    throw new Error(`docker-registry did not start (apt-get install docker-registry): ${why}`);
  }

  /** The manifest's bytes and digest as the registry has them. */
  async manifest(name: string, at: string): Promise<{ bytes: Buffer; digest: string | null }> {
    const accept =
      'application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.index.v1+json';
    const answer = await fetch(`http://${this.host}/v2/${name}/manifests/${at}`, { headers: { accept } });
    if (!answer.ok) throw new Error(`${name}:${at}: ${answer.status}`);
    return { bytes: Buffer.from(await answer.arrayBuffer()), digest: answer.headers.get('docker-content-digest') };
  }

  async stop(): Promise<void> {
    if (!hasEnded(this.#process)) {
      const gone = once(this.#process, 'exit');
      this.#process.kill('SIGTERM');
      await gone;
    }
    rmSync(this.#dir, { recursive: true, force: true });
  }
}
