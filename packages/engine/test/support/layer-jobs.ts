import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LayerJob } from '../../src/commit/make-layer.ts';

/** A folder with an upper that a test fills, and jobs that make layers of it; {@link close} after each test. */
export class LayerJobs {
  readonly dir = mkdtempSync(join(tmpdir(), 'mica-layer-'));
  readonly upper = join(this.dir, 'upper');
  #count = 0;

  constructor() {
    mkdirSync(this.upper);
  }

  /** Of a container that was never committed nor started; hashed and written here unless told. */
  job(more: Partial<LayerJob> = {}): LayerJob {
    return {
      subject: 'box',
      upper: this.upper,
      file: join(this.dir, `layer-${this.#count}`),
      tableFile: join(this.dir, `table-${this.#count++}`),
      last: null,
      below: [],
      onto: null,
      freeze: null,
      hasher: 'native',
      besideFrom: Infinity,
      ...more,
    };
  }

  close(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}

export function sha256(file: string): string {
  return `sha256:${createHash('sha256').update(readFileSync(file)).digest('hex')}`;
}

/** What this process has open, and how: open(2)'s flags. */
export function descriptors(): { readonly path: string; readonly flags: number }[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const [, flags = ''] = /flags:\s+(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1')) ?? [];
      return [{ path: readlinkSync(`/proc/self/fd/${fd}`), flags: Number.parseInt(flags, 8) }];
    } catch {
      return []; // the listing's own, or closed meanwhile
    }
  });
}
export function openBelow(folder: string): string[] {
  return descriptors().flatMap(({ path }) => (path.startsWith(folder) ? [path] : []));
}
