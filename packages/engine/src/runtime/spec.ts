import type { MountPoint } from '../contract.ts';
import defaults from './docker-defaults.json' with { type: 'json' };
import { mountSpecs } from './mounts.ts';

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
  /** A network namespace of its own, the machine's, or the one at this path. */
  readonly network: 'none' | 'host' | `/${string}`;
  /** Files bound over /etc/hosts and its like. */
  readonly files: readonly { readonly source: string; readonly target: string }[];
  readonly mounts: readonly MountPoint[];
  readonly process: ProcessOptions;
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
  readonly oomScoreAdj: number;
}

/** No rlimits: raising one needs CAP_SYS_RESOURCE, which not every root has. */
function processSpec(process: ProcessOptions): ProcessSpec {
  const names = defaults.capabilities;
  // Only root keeps capabilities over exec, as docker has it; others keep the bounding set.
  const held = process.uid === 0 ? names : [];
  return {
    terminal: process.tty,
    user: { uid: process.uid, gid: process.gid, additionalGids: process.additionalGids },
    args: process.args,
    env: process.env,
    cwd: process.cwd,
    capabilities: { bounding: names, effective: held, permitted: held },
    oomScoreAdj: 0,
  };
}

/** The runtime-spec config.json of a container with docker's defaults (runtime/docker-defaults.json). */
export function containerSpec(options: SpecOptions): Record<string, unknown> {
  const { network } = options;
  const own = network === 'none';
  const namespaces = [
    ...['mount', 'uts', 'pid', 'ipc'].map((type) => ({ type })),
    ...(network === 'host' ? [] : [{ type: 'network', ...(own ? {} : { path: network }) }]),
  ];
  return {
    ociVersion: '1.0.2',
    process: processSpec(options.process),
    root: { path: options.rootfs, readonly: options.readOnly },
    hostname: options.hostname,
    mounts: mountSpecs(defaults.mounts, options.files, options.mounts),
    linux: {
      // Both sysctls belong to the network namespace: in the host's, or another container's, they would change that.
      ...(own ? { sysctl: defaults.sysctl } : {}),
      resources: { devices: defaults.devices },
      cgroupsPath: `/mica/${options.id}`,
      namespaces,
      seccomp: defaults.seccomp,
      maskedPaths: defaults.maskedPaths,
      readonlyPaths: defaults.readonlyPaths,
    },
  };
}
