import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import type { Attachment } from '../contract.ts';
import { MicaError } from '../error.ts';
import { resolveImage } from '../images/resolve.ts';
import { AttachSocket } from '../runtime/attach.ts';
import { createMonitored } from '../runtime/conmon.ts';
import { SeccompCache } from '../runtime/seccomp-cache.ts';
import { containerSpec } from '../runtime/spec.ts';
import { processStart } from '../store/files.ts';
import { enterPrivateMounts } from '../system/mount.ts';
import { ensureSources } from '../volume/mount-points.ts';
import type { ContainerContext, Row } from './context.ts';
import { deleteFromRuntime } from './end.ts';
import { mergeEnv } from './env.ts';
import { type ContainerNetwork, prepareNetwork } from './network.ts';
import { makeWorkdir, mountRootfs } from './rootfs.ts';
import { reconcile, waitForExit } from './state.ts';
import { resolveUser } from './user.ts';

const defaultPath = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Starts it; with `attach` its streams are connected before its first instruction. */
export async function startContainer(context: ContainerContext, row: Row, attach: boolean): Promise<Attachment | null> {
  const { store, paths } = context;
  if (reconcile(context, row).status === 'running')
    throw new MicaError('already-running', `container ${row.name} is already running`, { subject: row.name });
  const { id } = row;
  const { options, command } = row.record;
  const image = resolveImage(store, row.image);
  ensureSources(context.volumes, row.record.mounts);
  enterPrivateMounts();
  paths.prepare();
  rmSync(`${paths.exits}/${id}`, { force: true });
  const rootfs = await mountRootfs(store, paths, id, image.config.rootfs.diff_ids);
  const bundle = paths.bundle(id);
  rmSync(bundle, { recursive: true, force: true });
  mkdirSync(bundle, { mode: 0o700 });
  let network: ContainerNetwork | undefined;
  try {
    const config = image.config.config ?? {};
    const user = resolveUser(rootfs, options.user ?? config.User ?? '');
    const cwd = options.workdir ?? (config.WorkingDir || '/');
    if (cwd !== '/') makeWorkdir(rootfs, cwd);
    network = prepareNetwork(context, row);
    const { hostname } = network;
    const tty = options.tty ?? false;
    const base = [defaultPath, `HOSTNAME=${hostname}`, ...(tty ? ['TERM=xterm'] : []), `HOME=${user.home}`];
    const spec = containerSpec({
      id,
      rootfs,
      readOnly: options.readOnly ?? false,
      hostname,
      network: network.namespace,
      files: network.files,
      mounts: row.record.mounts,
      process: { args: command, env: mergeEnv(base, config.Env ?? [], options.env ?? []), cwd, ...user, tty },
    });
    const runtime = context.runtime;
    const seccomp = new SeccompCache(runtime, paths.run);
    writeFileSync(`${bundle}/config.json`, JSON.stringify({ ...spec, annotations: seccomp.annotations() }));
    const pid = await createMonitored(runtime, {
      id,
      bundle,
      exits: paths.exits,
      log: paths.part(id, 'ctr.log'),
      tty,
      stdin: options.openStdin ?? false,
      exitCommand: options.exitCommand ?? [],
      held: network.held,
    });
    network.close();
    network.connect(pid);
    const socket = attach ? new AttachSocket(bundle) : null;
    seccomp.keep(id);
    const pidStart = processStart(pid) ?? null;
    runtime.run('start', id);
    context.update(id, (state) => ({
      ...state,
      status: 'running',
      pid,
      pidStart,
      startedAt: new Date().toISOString(),
      finishedAt: null,
      exitCode: null,
    }));
    return socket ? attachmentOf(context, id, socket) : null;
  } catch (error) {
    deleteFromRuntime(context, id);
    network?.abort();
    rmSync(bundle, { recursive: true, force: true });
    throw error;
  }
}

function attachmentOf(context: ContainerContext, id: string, socket: AttachSocket): Attachment {
  const exit = socket.drained.then(() => waitForExit(context, id));
  return {
    stdout: socket.stdout,
    stderr: socket.stderr,
    stdin: socket.stdin,
    resize: (r, c) => socket.resize(r, c),
    exit,
    close: () => socket.close(),
  };
}
