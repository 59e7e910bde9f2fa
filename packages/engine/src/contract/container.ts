/** Containers: what they are made of, what they show, what is sent to and fro. */

import type { Readable, Writable } from 'node:stream';
import type { PortSpec } from '../network/port-spec.ts';
import type { PublishedPort } from '../network/record.ts';
import type { Digest } from '../reference/digest.ts';
import type { LifeOptions, LimitOptions, SecurityOptions } from './run.ts';
import type { Task } from './task.ts';

/** docker's words. `dead`: its making or its removal was cut off in between. */
export type ContainerStatus = 'created' | 'running' | 'paused' | 'restarting' | 'exited' | 'dead';
/** A mount as it is asked for: `-v`, `--mount` and `--tmpfs` all come to this. */
export interface MountRequest {
  readonly type: 'bind' | 'volume' | 'tmpfs';
  /** bind: absolute path on the host. volume: its name; absent, it is a new anonymous one. tmpfs: absent. */
  readonly source?: string;
  readonly target: string; // absolute path in the container
  readonly readOnly?: boolean;
  /** bind: makes a folder where the source is missing, as `-v` does; `--mount` refuses. */
  readonly createSource?: boolean;
  /** bind: without the mounts below the source. */
  readonly nonRecursive?: boolean;
  /** bind, read-only: mounts below the source may be written. */
  readonly writableBelow?: boolean;
  readonly propagation?: 'private' | 'rprivate' | 'slave' | 'rslave';
  /** volume: an empty one does not get what the image has at the target. */
  readonly noCopy?: boolean;
  /** volume: labels of one that is made for this mount. */
  readonly labels?: Readonly<Record<string, string>>;
  /** tmpfs: options of mount(8): size=64m, mode=1770, exec, … */
  readonly options?: readonly string[];
  /** Of the short forms (`-v`, `--tmpfs`) only, as docker shows it: `ro,z`. */
  readonly mode?: string;
}
/** A mount as a container has it. */
export interface MountPoint {
  readonly type: 'bind' | 'volume' | 'tmpfs';
  readonly name?: string; // of the volume
  readonly source: string; // path on the host; '' for a tmpfs
  readonly target: string;
  readonly readOnly: boolean;
  readonly mode: string;
  readonly createSource?: boolean;
  readonly nonRecursive?: boolean;
  readonly writableBelow?: boolean;
  readonly propagation?: 'private' | 'rprivate' | 'slave' | 'rslave';
  readonly noCopy?: boolean;
  readonly options?: readonly string[];
}
/** A volume that is there. */
export interface Volume {
  readonly name: string;
  readonly driver: 'local';
  readonly created: string; // RFC 3339
  readonly mountpoint: string; // absolute path on the host
  readonly anonymous: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly containers: readonly string[]; // IDs of those that have it
}
/** What a container is made of; what is absent is the image's, or docker's default. */
export interface CreateOptions extends LimitOptions, SecurityOptions, LifeOptions {
  readonly image: string;
  readonly name?: string;
  readonly command?: readonly string[]; // replaces Cmd
  readonly entrypoint?: readonly string[]; // [] clears it
  readonly env?: readonly string[]; // KEY=VALUE; KEY alone: the caller's value now, and without one it is taken away
  readonly labels?: Readonly<Record<string, string>>;
  readonly workdir?: string;
  readonly user?: string;
  readonly hostname?: string;
  readonly domainname?: string;
  readonly tty?: boolean;
  readonly openStdin?: boolean; // -i
  readonly readOnly?: boolean;
  readonly remove?: boolean; // --rm
  /** crun, runc or a path; the engine's own otherwise. */
  readonly runtime?: string;
  readonly mounts?: readonly MountRequest[];
  /** `CONTAINER[:ro|rw]`: all bind mounts and volumes of that one. */
  readonly volumesFrom?: readonly string[];
  /** 'bridge' (default), 'none', 'host', 'container:NAME', or the name of a network. */
  readonly network?: string;
  /** Of the first network. */
  readonly ip?: string;
  readonly macAddress?: string;
  readonly networkAliases?: readonly string[];
  /** Networks beside the first. */
  readonly moreNetworks?: readonly string[];
  readonly ports?: readonly PortSpec[];
  readonly publishAll?: boolean; // -P
  readonly expose?: readonly string[]; // 80, 80/udp, 7000-7010
  readonly dns?: readonly string[];
  readonly dnsSearch?: readonly string[];
  readonly dnsOptions?: readonly string[];
  readonly addHosts?: readonly string[]; // NAME:IP
}
/** A container as it is now: a row of `ps`. */
export interface ContainerSummary {
  readonly id: string; // 64 hex
  readonly name: string;
  readonly image: string; // as the user wrote it, or the ID when that means another image by now
  readonly imageId: Digest;
  readonly command: readonly string[];
  readonly created: string;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  readonly status: ContainerStatus;
  readonly exitCode: number | null;
  readonly pid: number | null;
  /** Run with --rm: it goes when it ends. */
  readonly remove: boolean;
  /** Of its health check, while it runs. */
  readonly health?: 'starting' | 'healthy' | 'unhealthy';
  readonly labels: Readonly<Record<string, string>>;
  readonly mounts: readonly MountPoint[];
  /** Published while it runs. */
  readonly ports: readonly PublishedPort[];
  /** Exposed by its image or --expose: 80/tcp. */
  readonly exposed: readonly string[];
  readonly networks: readonly string[];
  /** Bytes in the writable layer; only with `size: true`. */
  readonly sizeRw?: number;
  readonly sizeRootFs?: number;
}
/** A live connection to a container's (or an exec's) standard streams. The caller calls `close`. */
export interface Attachment {
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly stdin: Writable;
  resize(rows: number, columns: number): void;
  /** Resolves with the exit code once the process ended and both streams are drained; rejects when closed before. */
  readonly exit: Promise<number>;
  close(): void;
}
/** One more process in a running container. Environment, user and folder are the container's unless given. */
export interface ExecOptions {
  readonly command: readonly string[];
  readonly env?: readonly string[]; // KEY=VALUE; KEY alone: the caller's value now, and without one it is taken away
  readonly workdir?: string;
  readonly user?: string;
  readonly tty?: boolean;
  readonly openStdin?: boolean;
  readonly privileged?: boolean;
  /** The terminal's size from its first byte on. */
  readonly size?: { readonly rows: number; readonly columns: number };
}
/** Which lines; times in milliseconds since 1970. */
export interface LogQuery {
  readonly since?: number;
  readonly until?: number;
  /** The last so many. */
  readonly tail?: number;
  /** Goes on until the container ends. */
  readonly follow?: boolean;
  readonly signal?: AbortSignal;
}
/** One line of a container's log. */
export interface LogLine {
  readonly time: string; // RFC 3339 with nanoseconds
  readonly stream: 'stdout' | 'stderr';
  /** With its newline, unless the container wrote none. */
  readonly text: Uint8Array;
}
/** How `cp` copies. */
export interface CopyOptions extends Task {
  /** -a: what is copied out keeps its owner, setuid bits and capabilities; without, it is the caller's. */
  readonly archive?: boolean;
  /** -L: a symlink that is named is copied as what it leads to. */
  readonly followLink?: boolean;
}
/** What `cp` copied. */
export interface CopyResult {
  readonly bytes: number; // of the tar that holds the tree
  readonly path: string; // where it went
}
