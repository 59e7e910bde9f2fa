import { resolveImage } from '../images/resolve.ts';
import type { PortSpec } from '../network/port-spec.ts';
import type { EndpointState, Lease, NetworkState } from '../network/record.ts';
import defaults from '../runtime/docker-defaults.json' with { type: 'json' };
import { diskUsage } from '../volume/usage.ts';
import type { ContainerContext, Row } from './context.ts';
import { networkSummary } from './network-state.ts';
import type { ContainerState } from './record.ts';
import { reconcile } from './state.ts';

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
    State: stateOf(state),
    Image: row.image,
    ResolvConfPath: paths.part(row.id, 'resolv.conf'),
    HostnamePath: paths.part(row.id, 'hostname'),
    HostsPath: paths.part(row.id, 'hosts'),
    LogPath: paths.part(row.id, 'ctr.log'),
    Name: `/${row.name}`,
    RestartCount: 0,
    Driver: 'overlay',
    Platform: 'linux',
    MountLabel: '',
    ProcessLabel: '',
    AppArmorProfile: '',
    ExecIDs: null,
    HostConfig: hostConfig(state),
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
    Mounts: mounts(state),
    Config: config(row, state, image.config.config ?? {}),
    NetworkSettings: networkSettings(context, row, state),
  };
}

function stateOf(state: ContainerState): Record<string, unknown> {
  return {
    Status: state.status,
    // docker's: a paused container is running too.
    Running: state.pid !== null,
    Paused: (state.status as string) === 'paused',
    Restarting: false,
    OOMKilled: false,
    Dead: false,
    Pid: state.pid ?? 0,
    ExitCode: state.exitCode ?? 0,
    Error: '',
    StartedAt: state.startedAt ?? never,
    FinishedAt: state.finishedAt ?? never,
  };
}

function config(
  row: Row,
  { options, command }: ContainerState,
  image: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const entrypoint = options.entrypoint ?? (image.Entrypoint as readonly string[] | null | undefined) ?? [];
  return {
    Hostname: options.hostname ?? row.id.slice(0, 12),
    Domainname: '',
    User: options.user ?? image.User ?? '',
    AttachStdin: options.openStdin ?? false,
    AttachStdout: true,
    AttachStderr: true,
    ...(image.ExposedPorts ? { ExposedPorts: image.ExposedPorts } : {}),
    Tty: options.tty ?? false,
    OpenStdin: options.openStdin ?? false,
    StdinOnce: false,
    Env: environment((image.Env as readonly string[] | null | undefined) ?? [], options.env ?? []),
    Cmd: command.slice(entrypoint.length),
    ...(image.Healthcheck ? { Healthcheck: image.Healthcheck } : {}),
    Image: options.image,
    Volumes: image.Volumes ?? null,
    WorkingDir: options.workdir ?? image.WorkingDir ?? '',
    Entrypoint: entrypoint.length > 0 ? entrypoint : null,
    OnBuild: image.OnBuild ?? null,
    Labels: { ...((image.Labels as object | null | undefined) ?? {}), ...options.labels },
    ...(options.stopSignal ? { StopSignal: options.stopSignal } : {}),
    ...(options.stopTimeout === undefined ? {} : { StopTimeout: options.stopTimeout }),
  };
}

/** Later wins, in the place of the earlier; a bare KEY (the caller's value) stands as it was given. */
function environment(...lists: readonly (readonly string[])[]): string[] {
  return [...new Map(lists.flat().map((entry) => [entry.split('=', 1)[0] as string, entry])).values()];
}

function hostConfig({ options, mounts }: ContainerState): Record<string, unknown> {
  // docker lists here what -v gave; a tmpfs has a field of its own.
  const binds = mounts
    .filter(({ type }) => type !== 'tmpfs')
    .map((mount) => [mount.name ?? mount.source, mount.target, ...(mount.mode === '' ? [] : [mount.mode])].join(':'));
  const tmpfs = mounts.filter(({ type }) => type === 'tmpfs');
  return {
    Binds: binds.length > 0 ? binds : null,
    LogConfig: { Type: 'k8s-file', Config: {} },
    NetworkMode: options.network ?? 'none',
    PortBindings: portBindings(options.ports ?? []),
    PublishAllPorts: options.publishAll ?? false,
    Dns: options.dns ?? [],
    DnsSearch: options.dnsSearch ?? [],
    ExtraHosts: options.addHosts ?? null,
    AutoRemove: options.remove ?? false,
    VolumesFrom: options.volumesFrom?.length ? options.volumesFrom : null,
    IpcMode: 'private',
    PidMode: '',
    UTSMode: '',
    Privileged: false,
    ReadonlyRootfs: options.readOnly ?? false,
    ...(tmpfs.length === 0
      ? {}
      : { Tmpfs: Object.fromEntries(tmpfs.map((mount) => [mount.target, (mount.options ?? []).join(',')])) }),
    MaskedPaths: defaults.maskedPaths,
    ReadonlyPaths: defaults.readonlyPaths,
  };
}

/** What was asked for; what is bound now is in NetworkSettings. */
function portBindings(ports: readonly PortSpec[]): Record<string, unknown> {
  const bindings: Record<string, { HostIp: string; HostPort: string }[]> = {};
  for (const { containerPort, protocol, hostIp, hostPorts } of ports) {
    const [from, to] = hostPorts ?? [];
    const port = from === undefined ? '' : from === to ? String(from) : `${from}-${to}`;
    const key = `${containerPort}/${protocol}`;
    bindings[key] = [...(bindings[key] ?? []), { HostIp: hostIp === '0.0.0.0' ? '' : hostIp, HostPort: port }];
  }
  return bindings;
}

function mounts({ mounts }: ContainerState): Record<string, unknown>[] {
  return mounts.map((mount) => ({
    Type: mount.type,
    ...(mount.name === undefined ? {} : { Name: mount.name }),
    Source: mount.source,
    Destination: mount.target,
    ...(mount.type === 'volume' ? { Driver: 'local' } : {}),
    Mode: mount.mode,
    RW: !mount.readOnly,
    Propagation: mount.type === 'bind' ? (mount.propagation ?? 'rprivate') : '',
  }));
}

/** Ports by `80/tcp`, null for one that is exposed only; the first network's address at the top, as ever. */
function networkSettings(context: ContainerContext, row: Row, { options }: ContainerState): Record<string, unknown> {
  const { networks } = context.store;
  const endpoints = networks.ofContainer<EndpointState, Lease>(row.id).map(({ network, record, lease }) => {
    const found = networks.get<NetworkState>(network);
    return {
      name: found?.name ?? network,
      about: {
        Aliases: record.aliases.length > 0 ? record.aliases : null,
        NetworkID: network,
        Gateway: lease === null ? '' : (found?.record.gateway ?? ''),
        IPAddress: lease?.address ?? '',
        IPPrefixLen: lease === null ? 0 : Number(found?.record.subnet.split('/')[1] ?? 0),
        MacAddress: lease?.mac ?? record.mac ?? '',
      },
    };
  });
  const { ports, exposed, networks: names } = networkSummary(context, row.id, options);
  const bound = new Map<string, { HostIp: string; HostPort: string }[] | null>(exposed.map((port) => [port, null]));
  for (const { containerPort, protocol, hostIp, hostPort } of ports) {
    const key = `${containerPort}/${protocol}`;
    bound.set(key, [...(bound.get(key) ?? []), { HostIp: hostIp, HostPort: String(hostPort) }]);
  }
  const [first] = endpoints;
  return {
    Ports: Object.fromEntries(bound),
    Gateway: first?.about.Gateway ?? '',
    IPAddress: first?.about.IPAddress ?? '',
    IPPrefixLen: first?.about.IPPrefixLen ?? 0,
    MacAddress: first?.about.MacAddress ?? '',
    Networks: Object.fromEntries(
      endpoints.length > 0 ? endpoints.map(({ name, about }) => [name, about]) : names.map((name) => [name, {}]),
    ),
  };
}
