import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { hostname as hostHostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Attachment, ContainerSummary, CreateOptions } from '../contract.ts';
import { MicaError } from '../error.ts';
import { resolveImage } from '../images/resolve.ts';
import { AttachSocket } from '../runtime/attach.ts';
import { createMonitored, readExit } from '../runtime/conmon.ts';
import { OciRuntime } from '../runtime/oci-runtime.ts';
import { SeccompCache } from '../runtime/seccomp-cache.ts';
import { containerSpec } from '../runtime/spec.ts';
import type { ContainerRow } from '../store/container-records.ts';
import { processStart } from '../store/files.ts';
import type { Store } from '../store/store.ts';
import { enterPrivateMounts, unmountIfMounted } from '../system/mount.ts';
import { ContainerPaths } from './paths.ts';
import type { ContainerState } from './record.ts';
import { makeWorkdir, mountRootfs, prepareRootfs } from './rootfs.ts';
import { resolveUser } from './user.ts';

type Row = ContainerRow<ContainerState>;
const defaultPath = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * Containers of one store, from create to remove. State is what the store remembers reconciled with
 * what the machine shows: a process that is gone is an exited container, whoever was killed meanwhile.
 */
export class Lifecycle {
  readonly paths: ContainerPaths;
  readonly #store: Store;
  readonly #wanted: string;

  constructor(store: Store, runtime: string) {
    this.#store = store;
    this.#wanted = runtime;
    this.paths = new ContainerPaths(store.root);
  }

  get runtime(): OciRuntime {
    return OciRuntime.find(this.#wanted, this.paths.state);
  }

  /** The new container's ID. Nothing is left of one that could not be made. */
  async create(options: CreateOptions): Promise<string> {
    const image = resolveImage(this.#store, options.image);
    const id = randomBytes(32).toString('hex');
    const name = options.name ?? `mica-${id.slice(0, 8)}`;
    if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(name))
      throw new MicaError(
        'invalid-argument',
        `Invalid container name (${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`,
        { subject: name, exitCode: 125 },
      );
    const config = image.config.config ?? {};
    const entrypoint = options.entrypoint ?? config.Entrypoint ?? [];
    const command = [...entrypoint, ...(options.command ?? (options.entrypoint ? [] : (config.Cmd ?? [])))];
    if (command.length === 0)
      throw new MicaError('invalid-argument', 'no command specified', {
        subject: options.image,
        hint: 'give a command after the image',
        exitCode: 125,
      });
    const state: ContainerState = {
      options,
      command,
      status: 'created',
      pid: null,
      pidStart: null,
      startedAt: null,
      finishedAt: null,
      exitCode: null,
    };
    this.#store.containers.insert({ id, name, image: image.id, created: new Date().toISOString(), record: state });
    try {
      await prepareRootfs(this.#store, this.paths, id, image.config.rootfs.diff_ids);
      return id;
    } catch (error) {
      this.#forget(id);
      throw error;
    }
  }

  /** Starts it; with `attach` its streams are connected before its first instruction. */
  async start(row: Row, attach: boolean): Promise<Attachment | null> {
    if (this.reconcile(row).status === 'running')
      throw new MicaError('already-running', `container ${row.name} is already running`, { subject: row.name });
    const { id } = row;
    const { options, command } = row.record;
    const image = resolveImage(this.#store, row.image);
    enterPrivateMounts();
    this.paths.prepare();
    rmSync(`${this.paths.exits}/${id}`, { force: true });
    const rootfs = await mountRootfs(this.#store, this.paths, id, image.config.rootfs.diff_ids);
    const bundle = this.paths.bundle(id);
    rmSync(bundle, { recursive: true, force: true });
    mkdirSync(bundle, { mode: 0o700 });
    try {
      const config = image.config.config ?? {};
      const user = resolveUser(rootfs, options.user ?? config.User ?? '');
      const cwd = options.workdir ?? (config.WorkingDir || '/');
      if (cwd !== '/') makeWorkdir(rootfs, cwd);
      const network = options.network === 'host' ? 'host' : 'none';
      const hostname = options.hostname ?? (network === 'host' ? hostHostname() : id.slice(0, 12));
      const tty = options.tty ?? false;
      const base = [defaultPath, `HOSTNAME=${hostname}`, ...(tty ? ['TERM=xterm'] : []), `HOME=${user.home}`];
      const spec = containerSpec({
        id,
        rootfs,
        readOnly: options.readOnly ?? false,
        hostname,
        network,
        files: this.#files(id, hostname),
        mounts: options.mounts ?? [],
        process: { args: command, env: mergeEnv(base, config.Env ?? [], options.env ?? []), cwd, ...user, tty },
      });
      const runtime = this.runtime;
      const seccomp = new SeccompCache(runtime, this.paths.run);
      writeFileSync(`${bundle}/config.json`, JSON.stringify({ ...spec, annotations: seccomp.annotations() }));
      const pid = await createMonitored(runtime, {
        id,
        bundle,
        exits: this.paths.exits,
        log: this.paths.part(id, 'ctr.log'),
        tty,
        stdin: options.openStdin ?? false,
        exitCommand: options.exitCommand ?? [],
      });
      const socket = attach ? new AttachSocket(bundle) : null;
      seccomp.keep(id);
      const pidStart = processStart(pid) ?? null;
      runtime.run('start', id);
      this.#update(id, (state) => ({
        ...state,
        status: 'running',
        pid,
        pidStart,
        startedAt: new Date().toISOString(),
        finishedAt: null,
        exitCode: null,
      }));
      return socket ? this.#attachment(id, socket) : null;
    } catch (error) {
      this.#deleteFromRuntime(id);
      rmSync(bundle, { recursive: true, force: true });
      throw error;
    }
  }

  #attachment(id: string, socket: AttachSocket): Attachment {
    const exit = socket.drained.then(() => this.wait(id));
    return {
      stdout: socket.stdout,
      stderr: socket.stderr,
      stdin: socket.stdin,
      resize: (r, c) => socket.resize(r, c),
      exit,
      close: () => socket.close(),
    };
  }

  /** The exit code, once there is one. */
  async wait(id: string, signal?: AbortSignal): Promise<number> {
    for (let pause = 2; ; pause = Math.min(pause * 2, 200)) {
      const row = this.#store.containers.get<ContainerState>(id);
      if (row === null) throw new MicaError('no-such-container', `No such container: ${id}`, { subject: id });
      const state = this.reconcile(row);
      if (state.status === 'exited') return state.exitCode ?? 137;
      await sleep(pause, undefined, signal ? { signal } : {});
    }
  }

  /** What is true now, written down when it changed. Reads two small files; no runtime, no process. */
  reconcile(row: Row): ContainerState {
    const state = row.record;
    if (state.status !== 'running') return state;
    const code = readExit(this.paths.exits, row.id);
    const alive = state.pid !== null && state.pidStart !== null && processStart(state.pid) === state.pidStart;
    if (code === null && alive) return state;
    // No exit code and no process: killed together with conmon, or the machine was restarted.
    return this.#update(row.id, (old) => ({
      ...old,
      status: 'exited',
      pid: null,
      pidStart: null,
      exitCode: code ?? 137,
      finishedAt: new Date().toISOString(),
    }));
  }

  kill(row: Row, signal: string): void {
    if (this.reconcile(row).status !== 'running')
      throw new MicaError('not-running', `container ${row.name} is not running`, { subject: row.name });
    enterPrivateMounts();
    this.runtime.run('kill', row.id, signal);
  }

  /** Asks with the stop signal, then, after `timeout` seconds, ends it. */
  async stop(row: Row, timeout: number): Promise<void> {
    if (this.reconcile(row).status !== 'running') return;
    this.kill(row, row.record.options.stopSignal ?? 'SIGTERM');
    try {
      await this.wait(row.id, AbortSignal.timeout(timeout * 1000));
    } catch (error) {
      if ((error as Error).name !== 'AbortError') throw error;
      this.kill(row, 'SIGKILL');
      await this.wait(row.id);
    }
  }

  async remove(row: Row, force: boolean): Promise<void> {
    if (this.reconcile(row).status === 'running') {
      if (!force)
        throw new MicaError(
          'conflict',
          `cannot remove container "/${row.name}": container is running: stop the container before removing or force remove`,
          { subject: row.name },
        );
      this.kill(row, 'SIGKILL');
      await this.wait(row.id);
    }
    this.#deleteFromRuntime(row.id);
    this.#forget(row.id);
  }

  list(all: boolean): ContainerSummary[] {
    const rows = this.#store.containers.list<ContainerState>();
    return rows.map((row) => summary(row, this.reconcile(row))).filter((row) => all || row.status === 'running');
  }

  #forget(id: string): void {
    // Mounted in this namespace when this process, or the monitor it descends from, started it.
    unmountIfMounted(this.paths.part(id, 'rootfs'));
    rmSync(this.paths.bundle(id), { recursive: true, force: true });
    rmSync(`${this.paths.exits}/${id}`, { force: true });
    rmSync(this.paths.dir(id), { recursive: true, force: true });
    this.#store.containers.delete(id);
  }

  #deleteFromRuntime(id: string): void {
    enterPrivateMounts();
    try {
      this.runtime.run('delete', '--force', id);
    } catch (error) {
      // Not known to the runtime: never created, deleted before, or forgotten with /run at a boot.
      if (!/does not exist|No such file/.test((error as Error).message)) throw error;
    }
  }

  #update(id: string, change: (state: ContainerState) => ContainerState): ContainerState {
    return this.#store.containers.update<ContainerState>(id, change);
  }

  #files(id: string, hostname: string) {
    const write = (name: 'hosts' | 'hostname' | 'resolv.conf', text: string) => {
      writeFileSync(this.paths.part(id, name), text);
      return { source: this.paths.part(id, name), target: `/etc/${name}` };
    };
    return [
      write('hosts', `127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n127.0.1.1\t${hostname}\n`),
      write('hostname', `${hostname}\n`),
      write('resolv.conf', ''),
    ];
  }
}

function summary(row: Row, state: ContainerState): ContainerSummary {
  const { options } = state;
  return {
    id: row.id,
    name: row.name,
    image: options.image,
    imageId: row.image,
    command: state.command,
    created: row.created,
    startedAt: state.startedAt,
    finishedAt: state.finishedAt,
    status: state.status,
    exitCode: state.exitCode,
    pid: state.pid,
    remove: options.remove ?? false,
    labels: options.labels ?? {},
    mounts: options.mounts ?? [],
  };
}

/** Later wins; `KEY` alone takes the caller's value, and is left out if the caller has none. */
function mergeEnv(...lists: readonly (readonly string[])[]): string[] {
  const merged = new Map<string, string>();
  for (const entry of lists.flat()) {
    const at = entry.indexOf('=');
    const key = at < 0 ? entry : entry.slice(0, at);
    const value = at < 0 ? process.env[key] : entry.slice(at + 1);
    if (value !== undefined) merged.set(key, value);
  }
  return [...merged].map(([key, value]) => `${key}=${value}`);
}
