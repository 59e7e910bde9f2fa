import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type LayerJob, type LayerTask, type Made, makeLayer } from '../../src/commit/make-layer.ts';

/** What was made, and the bytes of its files: none where there is no such file. */
export interface Layer {
  readonly made: Made;
  readonly tar: Buffer;
  readonly table: Buffer;
}

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

  /** A job of its own, done. */
  async layer(more: Partial<LayerJob> = {}, task?: LayerTask): Promise<Layer> {
    const job = this.job(more);
    const { made } = await makeLayer(job, task);
    const bytes = (file: string) => (existsSync(file) ? readFileSync(file) : Buffer.alloc(0));
    return { made, tar: bytes(job.file), table: bytes(job.tableFile) };
  }

  close(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** A file of so many bytes, all the same, with the folders above it. */
export function put(path: string, bytes: number, fill = 1): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, Buffer.alloc(bytes, fill));
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
