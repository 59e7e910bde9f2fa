import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Attachment, ExecOptions } from '../contract/container.ts';
import { MicaError } from '../error.ts';
import { privilegedCapabilities } from '../runtime/capabilities.ts';
import { execMonitored } from '../runtime/conmon.ts';
import type { ProcessSpec } from '../runtime/spec.ts';
import { processStart } from '../store/files.ts';
import { enterPrivateMounts } from '../system/mount.ts';
import { randomBytes } from '../system/random.ts';
import type { ContainerContext, Row } from './context.ts';
import { callersEnv, mergeEnv } from './env.ts';
import { tell } from './events.ts';
import { requireOptions } from './option-shapes.ts';
import { requireRunFolder } from './parts.ts';
import { isPaused, startFirst, unpauseFirst } from './pause.ts';
import { reconcile } from './state.ts';
import { resolveUser, type UserIds } from './user.ts';

/** `kill` ends the process at once. */
export interface ExecAttachment extends Attachment {
  kill(): void;
}

/**
 * One more process in a running container, under a conmon of its own: the one that gives a terminal,
 * keeps the streams apart and knows the exit code, whoever is killed meanwhile. Its folder lies in the
 * container's and is removed by conmon itself at the end. `quiet`: no event tells of it.
 */
export async function execInContainer(
  context: ContainerContext,
  row: Row,
  options: ExecOptions,
  attach: boolean,
  quiet = false,
): Promise<ExecAttachment | null> {
  requireOptions(options);
  if (!options.command?.length)
    throw new MicaError('invalid-argument', 'No exec command specified', {
      subject: row.name,
      hint: 'give a command after the container',
    });
  const { status, pid, pidStart } = reconcile(context, row);
  if (status !== 'running' || pid === null) throw notRunning(row);
  if (await isPaused(context, row.id, row.record))
    throw new MicaError(
      'conflict',
      `Container ${row.id} is paused, unpause the container before exec`,
      unpauseFirst(row.name),
    );
  requireRunFolder(context.paths, row, 'bundle', 'state');
  enterPrivateMounts();
  const bundle = context.paths.bundle(row.id);
  const execID = randomBytes(4).toString('hex');
  const dir = `${bundle}/x${execID}`;
  mkdirSync(dir, { mode: 0o700 });
  try {
    const base = JSON.parse(readFileSync(`${bundle}/config.json`, 'utf8')).process as ProcessSpec;
    writeFileSync(`${dir}/process.json`, JSON.stringify(execProcess(base, `/proc/${pid}/root`, options)));
    const session = await execMonitored(context.runtimeOf(row.record), {
      container: row.id,
      dir,
      attach,
      command: options.command[0] ?? '',
      tty: options.tty ?? false,
      stdin: options.openStdin ?? false,
      exitCommand: ['/bin/rm', '-rf', dir],
    });
    const words = options.command.join(' ');
    if (!quiet)
      for (const action of ['exec_create', 'exec_start']) tell(context, row, `${action}: ${words}`, { execID });
    const { socket } = session;
    if (socket === null) return null;
    const exit = socket.drained.then(async () => {
      const exitCode = await session.exit;
      if (!quiet) tell(context, row, 'exec_die', { execID, exitCode: `${exitCode}` });
      return exitCode;
    });
    exit.catch(() => {}); // nobody may ask for it
    return {
      stdout: socket.stdout,
      stderr: socket.stderr,
      stdin: socket.stdin,
      resize: (rows, columns) => socket.resize(rows, columns),
      exit,
      close: () => session.close(),
      kill: () => session.kill(),
    };
  } catch (error) {
    rmSync(dir, { recursive: true, force: true });
    // It ended meanwhile, and what the runtime says of that, if anything, is about its own files.
    const failed = error instanceof MicaError && error.code === 'runtime-failed';
    if (failed && processStart(pid) !== pidStart) throw notRunning(row, error);
    throw error;
  }
}

function notRunning({ id, name }: Row, cause?: unknown): MicaError {
  return new MicaError('not-running', `Container ${id} is not running`, { ...startFirst(name), cause });
}

/** Docker's `ExecIDs`: the sessions that go on; null for none. Each is a folder here as long as it does. */
export function sessionsOf(context: ContainerContext, id: string): string[] | null {
  const bundle = context.paths.bundle(id);
  if (!existsSync(bundle)) return null;
  const names = readdirSync(bundle).filter((name) => /^x[0-9a-f]{8}$/.test(name));
  return names.length > 0 ? names.map((name) => name.slice(1)) : null;
}

/** docker's: 126, as any command that is there and cannot be invoked. */
function invokedBy(root: string, user: string): UserIds {
  try {
    return resolveUser(root, user);
  } catch (error) {
    if (!(error instanceof MicaError)) throw error;
    const { code, message, hint = '' } = error;
    throw new MicaError(code, message, { subject: user, hint, exitCode: 126, cause: error });
  }
}

/** The container's own process (runtime-spec, config.md "Process"), changed by what was asked for. */
function execProcess(base: ProcessSpec, root: string, options: ExecOptions): ProcessSpec {
  const { user, size } = options;
  const tty = options.tty ?? false;
  const ids = user === undefined ? null : invokedBy(root, user);
  // HOME is the user's own, unless the container's was set by hand.
  const usual = ids === null ? null : `HOME=${resolveUser(root, `${base.user.uid}`).home}`;
  const home = ids !== null && usual !== null && base.env.includes(usual) ? [`HOME=${ids.home}`] : [];
  const env = mergeEnv(tty ? ['TERM=xterm'] : [], base.env, home, callersEnv(options.env ?? []));
  const all = options.privileged ? privilegedCapabilities() : base.capabilities.bounding;
  const held = (ids?.uid ?? base.user.uid) === 0 || options.privileged ? all : [];
  const own = user === undefined && !options.privileged;
  return {
    ...base,
    terminal: tty,
    ...(size ? { consoleSize: { height: size.rows, width: size.columns } } : {}),
    args: options.command,
    env,
    cwd: options.workdir ?? base.cwd,
    ...(ids ? { user: { uid: ids.uid, gid: ids.gid, additionalGids: ids.additionalGids } } : {}),
    capabilities: own ? base.capabilities : { bounding: all, effective: held, permitted: held },
  };
}
