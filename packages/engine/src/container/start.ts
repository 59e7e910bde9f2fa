import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Attachment } from '../contract/container.ts';
import { MicaError } from '../error.ts';
import { resolveImage } from '../images/resolve.ts';
import { AttachSocket } from '../runtime/attach.ts';
import { createMonitored } from '../runtime/conmon.ts';
import type { OciRuntime } from '../runtime/oci-runtime.ts';
import { SeccompCache } from '../runtime/seccomp-cache.ts';
import { bootId, processStart, thisProcess } from '../store/files.ts';
import { enterPrivateMounts } from '../system/mount.ts';
import { ensureSources } from '../volume/mount-points.ts';
import { attachmentOf } from './attach.ts';
import type { ContainerContext, Row } from './context.ts';
import { emit, emitHoldings } from './events.ts';
import { healthOf } from './health.ts';
import { INIT_TARGET } from './init.ts';
import { ensureMonitor } from './monitor-lease.ts';
import { type ContainerNetwork, prepareNetwork } from './network.ts';
import { unpauseFirst } from './pause.ts';
import type { ContainerState } from './record.ts';
import { deleteFromRuntime, forget } from './remove.ts';
import { beingReset, isResetting, sweepReset } from './resetting.ts';
import { exitCommand } from './restart-policy.ts';
import { mountRootfs } from './rootfs.ts';
import { rotateLog } from './rotate.ts';
import { specOf } from './spec.ts';
import { reconcile } from './state.ts';
import { requireWhole, visibleStatus } from './status.ts';
import { lockUpper } from './upper-lock.ts';

/** By whom: a user, its restart policy, or the reset that stopped it, which hands over what it holds. */
export type StartReason = 'asked' | 'policy' | 'reset';

/**
 * Starts it; with `attach` its streams are connected before its first instruction. Who starts it stands
 * in its record until it runs: killed at any moment, state.ts finds out how far it came.
 */
export async function startContainer(
  context: ContainerContext,
  row: Row,
  attach: boolean,
  why: StartReason = 'asked',
): Promise<Attachment | null> {
  requireWhole(context, row);
  const unlock = await lockUpper(context.paths.lock(row.id), row.id);
  try {
    const now = context.store.containers.get<ContainerState>(row.id) ?? row;
    return await start(context, now, attach, why);
  } finally {
    unlock();
  }
}

async function start(
  context: ContainerContext,
  row: Row,
  attach: boolean,
  why: StartReason,
): Promise<Attachment | null> {
  const { store, paths } = context;
  const { id } = row;
  const runtime = context.runtimeFor(row.record.options);
  claim(context, row, why, runtime);
  let network: ContainerNetwork | undefined;
  try {
    const image = resolveImage(store, row.image);
    ensureSources(context.volumes, row.record.mounts);
    enterPrivateMounts();
    paths.prepare();
    deleteFromRuntime(context, id, row.record);
    rmSync(`${paths.exits}/${id}`, { force: true });
    const rootfs = await mountRootfs(store, paths, id, image.config.rootfs.diff_ids);
    const bundle = paths.bundle(id);
    rmSync(bundle, { recursive: true, force: true });
    mkdirSync(bundle, { mode: 0o700 });
    network = prepareNetwork(context, row);
    const { seccomp: profile, ...spec } = specOf(context, row, image.config, rootfs, network);
    const seccomp = new SeccompCache(runtime, dirname(paths.run), profile);
    writeFileSync(`${bundle}/config.json`, JSON.stringify({ ...spec, annotations: seccomp.annotations() }));
    const { options } = row.record;
    const atEnd = exitCommand(context, row);
    const pid = await createMonitored(runtime, {
      id,
      bundle,
      exits: paths.exits,
      log: options.logDriver === 'none' ? null : paths.part(id, 'ctr.log'),
      ...(options.logMaxSize ? { logMaxSize: options.logMaxSize } : {}),
      command: options.init ? INIT_TARGET : (row.record.command[0] ?? ''),
      tty: options.tty ?? false,
      stdin: options.openStdin ?? false,
      keepStdin: !options.stdinOnce,
      exitCommand: atEnd,
      held: network.held,
    });
    network.close();
    network.connect(pid);
    const socket = attach ? new AttachSocket(bundle) : null;
    seccomp.keep(id);
    const pidStart = processStart(pid) ?? null;
    const startedAt = new Date().toISOString();
    runtime.run('start', id);
    const record = context.update(id, (state) => {
      if (attach) emit(context, row, 'attach', {}, startedAt);
      emitHoldings(context, row, 'taken', startedAt);
      emit(context, row, 'start', {}, startedAt);
      return {
        ...state,
        starting: null,
        restarting: null,
        attached: attach ? thisProcess() : null,
        status: 'running',
        pid,
        pidStart,
        startedAt,
        finishedAt: null,
        exitCode: null,
        error: '',
        oomKilled: false,
        boot: bootId(),
        endCommand: atEnd.length > 0,
        ...healthOf(options, image.config.config),
      };
    });
    rotateLog(context, row);
    ensureMonitor(context, { ...row, record });
    return socket ? attachmentOf(context, id, socket) : null;
  } catch (error) {
    undo(context, { ...row, record: { ...row.record, runtime: runtime.path } }, network, error);
    throw error;
  }
}

/** Takes back what a failed start made, each part whatever becomes of the others. */
function undo(context: ContainerContext, row: Row, network: ContainerNetwork | undefined, reason: unknown): void {
  const { id } = row;
  const parts = [
    () => deleteFromRuntime(context, id, row.record),
    () => network?.abort(),
    () => rmSync(context.paths.bundle(id), { recursive: true, force: true }),
    () => context.update(id, (state) => ({ ...state, starting: null, restarting: null, ...failureOf(reason) })),
    // Removed by somebody else while it started: with what has been made since.
    () => context.store.containers.get(id) ?? forget(context, id, true),
  ];
  for (const part of parts)
    try {
      part();
    } catch {
      // why the start failed is what the user has to know
    }
}

/** docker's: 127 and 126 for a command that is not there or cannot be run, 128 for all else. */
function failureOf(error: unknown): Pick<ContainerState, 'error' | 'exitCode'> {
  const code = error instanceof MicaError ? error.exitCode : 0;
  return { error: (error as Error).message, exitCode: code === 126 || code === 127 ? code : 128 };
}

/** @throws MicaError already-running, or conflict when somebody else is at it */
function claim(context: ContainerContext, row: Row, why: StartReason, runtime: OciRuntime): void {
  const byPolicy = why === 'policy';
  const now = reconcile(context, row);
  if (visibleStatus(row.id, now) === 'paused')
    throw new MicaError('conflict', 'cannot start a paused container, try unpause instead', unpauseFirst(row.name));
  if (now.status === 'running')
    throw new MicaError('already-running', `container ${row.name} is already running`, {
      subject: row.name,
      hint: `mica exec ${row.name} runs one more command in it, mica restart ${row.name} begins anew`,
    });
  const own = thisProcess();
  const claimed = context.update(row.id, (state) => {
    if (isResetting(state) && why !== 'reset') throw beingReset(row.name);
    if (state.status === 'running' || state.starting) return state;
    // Stopped since its policy looked; after a boot `always` starts also what was stopped before, as docker does.
    if (byPolicy && state.stopRequested && (state.boot ?? bootId()) === bootId()) return { ...state, restarting: null };
    const count = byPolicy
      ? { restartCount: (state.restartCount ?? 0) + 1 }
      : { restartCount: 0, stopRequested: false };
    return { ...state, ...count, starting: own, runtime: runtime.path, resetting: null, stoppedToReset: false };
  });
  if (claimed.starting?.pid !== own.pid || claimed.starting.start !== own.start)
    throw new MicaError('conflict', `container ${row.name} is being started by another process`, {
      subject: row.name,
      hint: `mica ps -a -f name=${row.name} shows when it runs`,
    });
  if (row.record.resetting) sweepReset(context, row.id); // killed, or it could not have been claimed
}
