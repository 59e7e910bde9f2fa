import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** podman with a storage of its own below `dir`, to load, save and look; it runs nothing. Call `remove` at the end. */
export class Podman {
  readonly #dir: string;

  /** @throws Error when podman is not there, with what to install */
  constructor(dir: string) {
    this.#dir = dir;
    const found = spawnSync('podman', ['--version']);
    if (found.status !== 0)
      throw new Error(`podman did not start (apt-get install --no-install-recommends podman): ${found.error}`);
  }

  /** Expects success; standard output. vfs, since an overlay upon the overlay of a container is refused. */
  ok(args: readonly string[], input: Buffer | string = ''): string {
    const place = ['--root', join(this.#dir, 'root'), '--runroot', join(this.#dir, 'run'), '--storage-driver', 'vfs'];
    const done = spawnSync('podman', [...place, ...args], { input, maxBuffer: 1 << 28 });
    if (done.status !== 0) throw new Error(`podman ${args.join(' ')}: ${done.status} ${done.stderr}`);
    return done.stdout.toString();
  }

  id(image: string): string {
    return this.ok(['images', '--no-trunc', '--quiet', '--filter', `reference=${image}`]).trim();
  }

  /** The diff IDs, lowest first. */
  layers(image: string): string[] {
    return JSON.parse(this.ok(['image', 'inspect', '--format', '{{json .RootFS.Layers}}', image]));
  }

  /** podman leaves a bind mount of its storage upon itself. */
  remove(): void {
    const mounts = readFileSync('/proc/mounts', 'utf8')
      .split('\n')
      .map((line) => line.split(' ')[1] ?? '')
      .filter((at) => at.startsWith(this.#dir));
    for (const at of mounts.reverse()) spawnSync('umount', [at]);
    rmSync(this.#dir, { recursive: true, force: true });
  }
}
