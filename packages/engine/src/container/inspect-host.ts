import { basename, posix } from 'node:path';
import type { MountRequest } from '../contract/container.ts';
import type { PortSpec } from '../network/port-spec.ts';
import defaults from '../runtime/docker-defaults.json' with { type: 'json' };
import { swapLimit } from '../runtime/resources.ts';
import { cgroupnsDefault } from '../runtime/spec.ts';
import type { ContainerContext } from './context.ts';
import type { ContainerState } from './record.ts';

const DEFAULT_SHM = 64 * 2 ** 20;

type Options = ContainerState['options'];

/** docker's `HostConfig`: every field of its API 1.41, in its order; 0, '' or null where nothing was asked for. */
export function hostConfigOf(context: ContainerContext, state: ContainerState): Readonly<Record<string, unknown>> {
  const { options } = state;
  const { restart } = options;
  const open = options.privileged || options.systemPathsUnconfined;
  return {
    Binds: orNull((options.mounts ?? []).flatMap(bindOf)),
    ContainerIDFile: '',
    LogConfig: { Type: options.logDriver ?? 'k8s-file', Config: logOptions(options) },
    NetworkMode: options.network ?? 'none',
    PortBindings: portBindings(options.ports ?? []),
    RestartPolicy: { Name: restart?.name ?? 'no', MaximumRetryCount: restart?.maximumRetries ?? 0 },
    AutoRemove: options.remove ?? false,
    VolumeDriver: '',
    VolumesFrom: orNull(options.volumesFrom),
    CapAdd: orNull(options.capAdd),
    CapDrop: orNull(options.capDrop),
    CgroupnsMode: options.cgroupns ?? cgroupnsDefault(options),
    Dns: options.dns ?? [],
    DnsOptions: options.dnsOptions ?? [],
    DnsSearch: options.dnsSearch ?? [],
    ExtraHosts: orNull(options.addHosts),
    GroupAdd: orNull(options.groupAdd),
    IpcMode: options.ipc ?? 'private',
    Cgroup: '',
    Links: null,
    OomScoreAdj: options.oomScoreAdj ?? 0,
    PidMode: options.pid ?? '',
    Privileged: options.privileged ?? false,
    PublishAllPorts: options.publishAll ?? false,
    ReadonlyRootfs: options.readOnly ?? false,
    SecurityOpt: orNull(securityOptions(options)),
    ...tmpfs(options.mounts ?? []),
    UTSMode: options.uts ?? '',
    UsernsMode: '',
    ShmSize: options.shmSize ?? DEFAULT_SHM,
    ...(Object.keys(options.sysctls ?? {}).length > 0 ? { Sysctls: options.sysctls } : {}),
    Runtime: runtimeName(context, state),
    ConsoleSize: [0, 0],
    Isolation: '',
    ...limits(options),
    ...longMounts(options.mounts ?? []),
    MaskedPaths: open ? null : defaults.maskedPaths,
    ReadonlyPaths: open ? null : defaults.readonlyPaths,
    ...(options.init === undefined ? {} : { Init: options.init }),
  };
}

/** What is mounted now; docker has no line for a `--tmpfs`. */
export function mountsOf({ mounts, options }: ContainerState): Readonly<Record<string, unknown>>[] {
  const short = new Set(Object.keys(tmpfs(options.mounts ?? []).Tmpfs ?? {}).map(cleaned));
  return mounts
    .filter(({ type, target }) => type !== 'tmpfs' || !short.has(target))
    .map((mount) => ({
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

function cleaned(target: string): string {
  return posix.normalize(target).replace(/(?<=.)\/$/, '');
}
function orNull<T>(list: readonly T[] | undefined): readonly T[] | null {
  return list && list.length > 0 ? list : null;
}
function runtimeName(context: ContainerContext, state: ContainerState): string {
  try {
    return basename(context.runtimeOf(state).path);
  } catch {
    return ''; // none is installed: still no reason to tell nothing of the container
  }
}

/** `-v`: only a mode tells it from a `--mount`. One without a source is a volume of the config. */
function bindOf({ type, source, target, mode }: MountRequest): string[] {
  if (type === 'tmpfs' || source === undefined || mode === undefined) return [];
  return [[source, target, ...(mode === '' ? [] : [mode])].join(':')];
}
function tmpfs(requests: readonly MountRequest[]): { Tmpfs?: Record<string, string> } {
  const short = requests.filter(({ type, mode }) => type === 'tmpfs' && mode !== undefined);
  if (short.length === 0) return {};
  return {
    Tmpfs: Object.fromEntries(
      short.map(({ target, readOnly, options = [] }) => [target, [...(readOnly ? ['ro'] : []), ...options].join(',')]),
    ),
  };
}
function longMounts(requests: readonly MountRequest[]): { Mounts?: Record<string, unknown>[] } {
  const long = requests.filter(({ mode }) => mode === undefined);
  if (long.length === 0) return {};
  return {
    Mounts: long.map(({ type, source, target, readOnly, propagation, nonRecursive, noCopy, labels }) => ({
      Type: type,
      ...(source === undefined ? {} : { Source: source }),
      Target: target,
      ...(readOnly ? { ReadOnly: true } : {}),
      ...(propagation || nonRecursive
        ? { BindOptions: { ...(propagation ? { Propagation: propagation } : {}), NonRecursive: nonRecursive ?? false } }
        : {}),
      ...(noCopy || labels
        ? { VolumeOptions: { NoCopy: noCopy ?? false, ...(labels ? { Labels: labels } : {}) } }
        : {}),
    })),
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

function logOptions({ logEnv, logLabels, logMaxSize, logMaxFile }: Options): Record<string, string> {
  return {
    ...(logEnv === undefined ? {} : { env: logEnv }),
    ...(logLabels === undefined ? {} : { labels: logLabels }),
    ...(logMaxFile === undefined ? {} : { 'max-file': `${logMaxFile}` }),
    ...(logMaxSize === undefined ? {} : { 'max-size': shortSize(logMaxSize) }),
  };
}
/** The largest unit that takes it whole: 10m. */
function shortSize(bytes: number): string {
  for (const [unit, size] of Object.entries({ g: 2 ** 30, m: 2 ** 20, k: 2 ** 10 }))
    if (bytes >= size && bytes % size === 0) return `${bytes / size}${unit}`;
  return `${bytes}`;
}

function securityOptions({ noNewPrivileges, seccomp, apparmor, systemPathsUnconfined }: Options): string[] {
  return [
    ...(noNewPrivileges ? ['no-new-privileges'] : []),
    ...(seccomp === null ? ['seccomp=unconfined'] : seccomp ? [`seccomp=${JSON.stringify(seccomp)}`] : []),
    ...(apparmor ? [`apparmor=${apparmor}`] : []),
    ...(systemPathsUnconfined ? ['systempaths=unconfined'] : []),
  ];
}

function limits(options: Options): Record<string, unknown> {
  const { memory = 0 } = options;
  const swap = swapLimit(options) ?? 0;
  return {
    CpuShares: options.cpuShares ?? 0,
    Memory: memory,
    NanoCpus: Math.round((options.cpus ?? 0) * 1e9),
    CgroupParent: options.cgroupParent ?? '',
    BlkioWeight: options.blkioWeight ?? 0,
    BlkioWeightDevice: [],
    BlkioDeviceReadBps: null,
    BlkioDeviceWriteBps: null,
    BlkioDeviceReadIOps: null,
    BlkioDeviceWriteIOps: null,
    CpuPeriod: options.cpuPeriod ?? 0,
    CpuQuota: options.cpuQuota ?? 0,
    CpuRealtimePeriod: 0,
    CpuRealtimeRuntime: 0,
    CpusetCpus: options.cpusetCpus ?? '',
    CpusetMems: options.cpusetMems ?? '',
    Devices: (options.devices ?? []).map(({ source, target, access }) => ({
      PathOnHost: source,
      PathInContainer: target,
      CgroupPermissions: access,
    })),
    DeviceCgroupRules: orNull(options.deviceRules),
    DeviceRequests: null,
    KernelMemory: 0,
    KernelMemoryTCP: 0,
    MemoryReservation: options.memoryReservation ?? 0,
    MemorySwap: swap,
    MemorySwappiness: options.memorySwappiness ?? null,
    OomKillDisable: options.oomKillDisable ?? false,
    PidsLimit: options.pidsLimit || null,
    Ulimits: orNull((options.ulimits ?? []).map(({ name, soft, hard }) => ({ Name: name, Hard: hard, Soft: soft }))),
    CpuCount: 0,
    CpuPercent: 0,
    IOMaximumIOps: 0,
    IOMaximumBandwidth: 0,
  };
}
