import { existsSync, readdirSync } from 'node:fs';
import type { MountPoint } from '../contract/container.ts';
import type { LimitOptions, SecurityOptions } from '../contract/run.ts';
import { privilegedCapabilities, resolveCapabilities } from './capabilities.ts';
import { cgroupPath, unified } from './cgroup.ts';
import { deviceRule, hostDevices, requestedDevices } from './devices.ts';
import defaults from './docker-defaults.json' with { type: 'json' };
import { type MountSpec, mountSpecs } from './mounts.ts';
import { oomScore, resources, rlimits } from './resources.ts';
import { customSeccomp, defaultSeccomp, type SeccompSpec } from './seccomp.ts';

interface ProcessOptions {
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly cwd: string;
  readonly uid: number;
  readonly gid: number;
  readonly additionalGids: readonly number[];
  readonly tty: boolean;
}

export interface SpecOptions {
  readonly id: string;
  readonly rootfs: string;
  readonly readOnly: boolean;
  readonly hostname: string;
  readonly domainname?: string;
  /** A network namespace of its own, the machine's, or the one at this path. */
  readonly network: 'none' | 'host' | `/${string}`;
  /** A pid namespace at this path, another container's. */
  readonly pidNamespace?: string;
  /** Files bound over /etc/hosts and its like. */
  readonly files: readonly { readonly source: string; readonly target: string; readonly readOnly?: boolean }[];
  readonly mounts: readonly MountPoint[];
  readonly process: ProcessOptions;
  readonly asked?: LimitOptions & SecurityOptions;
}

/** runtime-spec's `process` object (config.md, "Process"). */
export interface ProcessSpec {
  readonly terminal: boolean;
  readonly consoleSize?: { readonly height: number; readonly width: number };
  readonly user: { readonly uid: number; readonly gid: number; readonly additionalGids: readonly number[] };
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly cwd: string;
  readonly capabilities: {
    readonly bounding: readonly string[];
    readonly effective: readonly string[];
    readonly permitted: readonly string[];
  };
  readonly noNewPrivileges?: boolean;
  readonly apparmorProfile?: string;
  readonly rlimits?: readonly unknown[];
  readonly oomScoreAdj: number;
}

/** Limits only where asked for: raising one needs CAP_SYS_RESOURCE, which not every root has. */
function processSpec(
  process: ProcessOptions,
  names: readonly string[],
  asked: LimitOptions & SecurityOptions,
): ProcessSpec {
  // Only root keeps capabilities over exec, as docker has it; others keep the bounding set.
  const held = process.uid === 0 ? names : [];
  const limits = rlimits(asked.ulimits ?? []);
  return {
    terminal: process.tty,
    user: { uid: process.uid, gid: process.gid, additionalGids: process.additionalGids },
    args: process.args,
    env: process.env,
    cwd: process.cwd,
    capabilities: { bounding: names, effective: held, permitted: held },
    ...(asked.noNewPrivileges ? { noNewPrivileges: true } : {}),
    ...(asked.apparmor ? { apparmorProfile: asked.apparmor } : {}),
    ...(limits.length > 0 ? { rlimits: limits } : {}),
    oomScoreAdj: oomScore(asked.oomScoreAdj ?? 0),
  };
}

/** The profile in force; null without one. */
function seccompOf(asked: SecurityOptions, capabilities: readonly string[]): SeccompSpec | null {
  if (asked.privileged || asked.seccomp === null) return null;
  return asked.seccomp === undefined ? defaultSeccomp(capabilities) : customSeccomp(asked.seccomp, capabilities);
}

/**
 * The runtime-spec config.json of a container: docker's defaults (runtime/docker-defaults.json), and what
 * was asked for. @throws MicaError for a limit or device that this machine has not
 */
export function containerSpec(options: SpecOptions): Record<string, unknown> & { seccomp: SeccompSpec | null } {
  const { network, asked = {} } = options;
  const own = network === 'none';
  const names = asked.privileged
    ? privilegedCapabilities()
    : resolveCapabilities(asked.capAdd ?? [], asked.capDrop ?? []);
  const seccomp = seccompOf(asked, names);
  const { nodes, rules } = requestedDevices(asked.devices ?? []);
  const more = (asked.deviceRules ?? []).map(deviceRule);
  const open = asked.privileged || asked.systemPathsUnconfined;
  const domain = options.domainname === undefined ? {} : { 'kernel.domainname': options.domainname };
  const sysctl = { ...(own ? defaults.sysctl : {}), ...domain, ...asked.sysctls };
  return {
    seccomp,
    ociVersion: '1.0.2',
    process: processSpec(options.process, names, asked),
    root: { path: options.rootfs, readonly: options.readOnly },
    ...(asked.uts === 'host' ? {} : { hostname: options.hostname }),
    mounts: mountSpecs(systemMounts(asked), options.files, options.mounts),
    linux: {
      // These belong to the network namespace: in the host's, or another container's, they would change that.
      ...(Object.keys(sysctl).length > 0 ? { sysctl } : {}),
      resources: {
        devices: asked.privileged ? [{ allow: true, access: 'rwm' }] : [...defaults.devices, ...rules, ...more],
        ...resources(asked),
      },
      ...(asked.privileged || nodes.length > 0
        ? { devices: [...(asked.privileged ? hostDevices() : []), ...nodes] }
        : {}),
      cgroupsPath: cgroupPath(options.id, asked.cgroupParent),
      namespaces: namespaces(options, asked),
      ...(seccomp ? { seccomp } : {}),
      ...(open ? {} : { maskedPaths: defaults.maskedPaths, readonlyPaths: readonlyPaths() }),
    },
  };
}

/**
 * crun leaves v1's folder of the controllers' mounts writable; v2 is one mount, read-only itself. A
 * runtime binds a read-only path with all that is mounted below it and makes only the path itself
 * read-only: so the controllers are named as well, else they would be writable again.
 */
function readonlyPaths(): readonly string[] {
  if (unified) return defaults.readonlyPaths;
  const controllers = readdirSync('/sys/fs/cgroup').map((name) => `/sys/fs/cgroup/${name}`);
  return [...defaults.readonlyPaths, '/sys/fs/cgroup', ...controllers];
}

function namespaces({ network, pidNamespace }: SpecOptions, asked: SecurityOptions): Record<string, string>[] {
  return [
    { type: 'mount' },
    ...(asked.uts === 'host' ? [] : [{ type: 'uts' }]),
    ...(asked.pid === 'host' ? [] : [{ type: 'pid', ...(pidNamespace ? { path: pidNamespace } : {}) }]),
    ...(asked.ipc === 'host' ? [] : [{ type: 'ipc' }]),
    ...(network === 'host' ? [] : [{ type: 'network', ...(network === 'none' ? {} : { path: network }) }]),
    ...((asked.cgroupns ?? cgroupnsDefault(asked)) === 'private' ? [{ type: 'cgroup' }] : []),
  ];
}

/** docker's default: private on v2, where a container would see the machine's whole tree otherwise. */
export function cgroupnsDefault({ privileged }: SecurityOptions): 'private' | 'host' {
  return unified && !privileged ? 'private' : 'host';
}

function systemMounts({ privileged, ipc, shmSize }: LimitOptions & SecurityOptions): MountSpec[] {
  const host = (path: string): MountSpec => ({
    destination: path,
    type: 'bind',
    source: path,
    options: ['rbind', 'rprivate', 'nosuid', 'noexec', 'nodev'],
  });
  return defaults.mounts.flatMap((mount): MountSpec[] => {
    const { destination } = mount;
    if (ipc === 'host' && (destination === '/dev/shm' || destination === '/dev/mqueue'))
      return existsSync(destination) ? [host(destination)] : []; // not every machine mounts mqueue
    if (ipc === 'none' && destination === '/dev/shm') return [];
    if (destination === '/dev/shm' && shmSize !== undefined)
      return [
        { ...mount, options: [...mount.options.filter((option) => !option.startsWith('size=')), `size=${shmSize}`] },
      ];
    if (privileged && destination.startsWith('/sys'))
      return [{ ...mount, options: mount.options.map((option) => (option === 'ro' ? 'rw' : option)) }];
    return [mount];
  });
}

/** What can be said about the request before there is a container. @throws MicaError as {@link containerSpec} */
export function checkAsked(asked: LimitOptions & SecurityOptions): void {
  const capabilities = resolveCapabilities(asked.capAdd ?? [], asked.capDrop ?? []);
  if (asked.seccomp) customSeccomp(asked.seccomp, capabilities);
  for (const rule of asked.deviceRules ?? []) deviceRule(rule);
  resources(asked);
  rlimits(asked.ulimits ?? []);
  if (asked.oomScoreAdj) oomScore(asked.oomScoreAdj);
}
