import { MicaError } from '../error.ts';
import type { ImageConfig } from '../image/config.ts';
import { containerSpec } from '../runtime/spec.ts';
import type { ContainerContext, Row } from './context.ts';
import { mergeEnv } from './env.ts';
import { INIT_TARGET, initProgram } from './init.ts';
import type { ContainerNetwork } from './network.ts';
import { startFirst } from './pause.ts';
import type { ContainerState } from './record.ts';
import { makeWorkdir } from './rootfs.ts';
import { reconcile } from './state.ts';
import { withModes } from './tmpfs-mode.ts';
import { resolveGroups, resolveUser } from './user.ts';

const defaultPath = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The runtime's config.json of a container that is about to start: its record's, its image's and its network's word in one. @throws MicaError */
export function specOf(
  context: ContainerContext,
  row: Row,
  image: ImageConfig,
  rootfs: string,
  network: ContainerNetwork,
): ReturnType<typeof containerSpec> {
  const { options, command } = row.record;
  const config = image.config ?? {};
  const user = resolveUser(rootfs, options.user ?? config.User ?? '');
  const cwd = options.workdir ?? (config.WorkingDir || '/');
  if (cwd !== '/') makeWorkdir(rootfs, cwd);
  const tty = options.tty ?? false;
  const init = options.init ? initProgram() : null;
  const base = [defaultPath, `HOSTNAME=${network.hostname}`, ...(tty ? ['TERM=xterm'] : []), `HOME=${user.home}`];
  const readOnly = options.readOnly ?? false;
  return containerSpec({
    id: row.id,
    rootfs,
    readOnly,
    hostname: network.hostname,
    ...(options.domainname === undefined ? {} : { domainname: options.domainname }),
    network: network.namespace,
    ...pidNamespace(context, options.pid),
    files: [
      ...network.files.map((file) => ({ ...file, readOnly })),
      ...(init ? [{ source: init, target: INIT_TARGET, readOnly: true }] : []),
    ],
    mounts: withModes(rootfs, row.record.mounts),
    process: {
      args: init ? [INIT_TARGET, '--', ...command] : command,
      env: mergeEnv(base, config.Env ?? [], options.env ?? []),
      cwd,
      uid: user.uid,
      gid: user.gid,
      additionalGids: [...new Set([...user.additionalGids, ...resolveGroups(rootfs, options.groupAdd ?? [])])],
      tty,
    },
    asked: options,
  });
}

/** The process tree that `--pid container:NAME` joins. @throws MicaError not-running */
function pidNamespace(context: ContainerContext, mode: string | undefined): { pidNamespace?: string } {
  if (!mode?.startsWith('container:')) return {};
  const target = context.store.containers.find<ContainerState>(mode.slice('container:'.length));
  const { status, pid } = reconcile(context, target);
  if (status === 'running') return { pidNamespace: `/proc/${pid}/ns/pid` };
  throw new MicaError(
    'not-running',
    `cannot join PID namespace of a non running container: ${target.name}`,
    startFirst(target.name),
  );
}
