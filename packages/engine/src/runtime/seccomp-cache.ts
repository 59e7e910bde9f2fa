import { existsSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { sha256 } from '../hash/sha256.ts';
import type { OciRuntime } from './oci-runtime.ts';
import type { SeccompSpec } from './seccomp.ts';

/**
 * crun's compiled seccomp filter, kept for the next container: compiling docker's profile takes 17 of
 * the 28 ms that crun needs for a start. crun leaves it in its state folder and takes it back as an
 * annotation. The key is the profile and the very runtime (path, size, time), so an upgrade compiles
 * anew; the file lies beside the runtime's own state, where only root writes.
 */
export class SeccompCache {
  readonly #runtime: OciRuntime;
  readonly #file: string | null;

  constructor(runtime: OciRuntime, folder: string, profile: SeccompSpec | null) {
    this.#runtime = runtime;
    const isCrun = profile !== null && runtime.path.endsWith('/crun');
    const { size, mtimeMs } = isCrun ? statSync(runtime.path) : { size: 0, mtimeMs: 0 };
    const key = sha256(JSON.stringify([runtime.path, size, mtimeMs, profile])).slice(7, 23);
    this.#file = isCrun ? `${folder}/seccomp-${key}.bpf` : null;
  }

  /** Annotations for config.json: empty until a first container was created. */
  annotations(): Record<string, string> {
    if (this.#file === null || !existsSync(this.#file)) return {};
    return { 'run.oci.seccomp_bpf_data': readFileSync(this.#file).toString('base64') };
  }

  /** After a create: keeps what the runtime compiled, if it is not kept yet. */
  keep(id: string): void {
    const compiled = `${this.#runtime.root}/${id}/seccomp.bpf`;
    if (this.#file === null || existsSync(this.#file) || !existsSync(compiled)) return;
    const bytes = readFileSync(compiled);
    if (bytes.length === 0) return;
    writeFileSync(`${this.#file}.${process.pid}`, bytes, { mode: 0o600 });
    renameSync(`${this.#file}.${process.pid}`, this.#file);
  }
}
