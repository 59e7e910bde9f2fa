import { resolveImage } from '../images/resolve.ts';
import { diskUsage } from '../volume/usage.ts';
import type { ContainerContext, Row } from './context.ts';
import { sessionsOf } from './exec.ts';
import { configOf } from './inspect-config.ts';
import { hostConfigOf, mountsOf } from './inspect-host.ts';
import { networkSettingsOf } from './inspect-network.ts';
import type { ContainerState } from './record.ts';
import { reconcile } from './state.ts';
import { shownStatus } from './status.ts';

/** docker's time of what has not happened. */
const never = '0001-01-01T00:00:00Z';

/** A container as docker's API describes it (GET /containers/{id}/json); only what is true here is in it. */
export interface ContainerInspect {
  readonly Id: string;
  readonly Created: string;
  readonly Path: string;
  readonly Args: readonly string[];
  readonly State: Readonly<Record<string, unknown>>;
  readonly Image: string;
  readonly Name: string; // with its leading slash
  readonly Config: Readonly<Record<string, unknown>>;
  readonly HostConfig: Readonly<Record<string, unknown>>;
  readonly NetworkSettings: Readonly<Record<string, unknown>>;
  readonly Mounts: readonly Readonly<Record<string, unknown>>[];
  readonly SizeRw?: number;
  readonly SizeRootFs?: number;
  readonly [field: string]: unknown;
}

/** @throws MicaError store-damaged when its image's documents are gone */
export function inspectContainer(context: ContainerContext, row: Row, size: boolean): ContainerInspect {
  const { paths, store } = context;
  const state = reconcile(context, row);
  const image = resolveImage(store, row.image);
  const [path = '', ...args] = state.command;
  const rw = size ? diskUsage(paths.part(row.id, 'upper')) : 0;
  return {
    Id: row.id,
    Created: row.created,
    Path: path,
    Args: args,
    State: stateOf(context, row.id, state),
    Image: row.image,
    ResolvConfPath: paths.part(row.id, 'resolv.conf'),
    HostnamePath: paths.part(row.id, 'hostname'),
    HostsPath: paths.part(row.id, 'hosts'),
    LogPath: paths.part(row.id, 'ctr.log'),
    Name: `/${row.name}`,
    RestartCount: state.restartCount ?? 0,
    Driver: 'overlay',
    Platform: 'linux',
    MountLabel: '',
    ProcessLabel: '',
    AppArmorProfile: state.options.apparmor ?? '',
    ExecIDs: sessionsOf(context, row.id),
    HostConfig: hostConfigOf(context, state),
    GraphDriver: {
      Name: 'overlay',
      Data: {
        LowerDir: image.config.rootfs.diff_ids
          .toReversed()
          .map((diffId) => `${store.layersDir}/${diffId.slice(7)}`)
          .join(':'),
        MergedDir: paths.part(row.id, 'rootfs'),
        UpperDir: paths.part(row.id, 'upper'),
        WorkDir: paths.part(row.id, 'work'),
      },
    },
    ...(size ? { SizeRw: rw, SizeRootFs: rw + image.size } : {}),
    Mounts: mountsOf(state),
    Config: configOf(row, state, image.config.config ?? {}),
    NetworkSettings: networkSettingsOf(context, row, state),
  };
}

function stateOf(context: ContainerContext, id: string, state: ContainerState): Record<string, unknown> {
  const status = shownStatus(context, id, state);
  const { health } = state;
  return {
    Status: status,
    // docker's: one that is paused, or waits for its next start, is running too.
    Running: ['running', 'paused', 'restarting'].includes(status),
    Paused: status === 'paused',
    Restarting: status === 'restarting',
    OOMKilled: state.oomKilled ?? false,
    Dead: status === 'dead',
    Pid: state.pid ?? 0,
    ExitCode: state.exitCode ?? 0,
    Error: state.error ?? '',
    StartedAt: state.startedAt ?? never,
    FinishedAt: state.finishedAt ?? never,
    ...(health
      ? {
          Health: {
            Status: health.status,
            FailingStreak: health.failingStreak,
            Log: health.log.map(({ start, end, exitCode, output }) => ({
              Start: start,
              End: end,
              ExitCode: exitCode,
              Output: output,
            })),
          },
        }
      : {}),
  };
}
