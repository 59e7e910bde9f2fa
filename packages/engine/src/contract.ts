/**
 * What the engine offers a caller: the command line, or a program that imports `@mica/engine`.
 * Every long operation takes a {@link Task}: an AbortSignal to stop it (within one file) and a
 * listener for progress. Paths inside images are bytes in the store and `string` (utf8) here.
 */
import type { Readable, Writable } from 'node:stream';
import type { LifeOptions, LimitOptions, SecurityOptions } from './contract-run.ts';
import type { PortSpec } from './network/port-spec.ts';
import type { PublishedPort } from './network/record.ts';

export type { PortSpec, PublishedPort };

/** Progress of one operation; `total` is absent while it is not known. */
export interface Progress {
  readonly stage: 'read' | 'unpack' | 'scan' | 'pack' | 'compress' | 'write';
  /** What is worked on: a short digest, a container's name, a path. */
  readonly subject: string;
  readonly bytes: number;
  readonly totalBytes?: number;
  readonly files?: number;
}
export interface Task {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

export interface EngineOptions {
  /** The store's folder: `--root`, `MICA_ROOT`, `/var/lib/mica` as root, `$XDG_DATA_HOME/mica` otherwise. */
  readonly root?: string;
  readonly runtime?: string; // 'auto' | 'crun' | 'runc' | absolute path
  readonly hasher?: 'auto' | 'native' | 'wasm';
  readonly jobs?: number;
  /**
   * The command line of `mica` itself: what a container's monitor calls at its end (restart policy, --rm,
   * networks). Without it they wait for the next use of the store.
   */
  readonly self?: readonly string[];
  /** Return from a commit only once all of it is on disk. */
  readonly sync?: boolean;
}

// ---- images -------------------------------------------------------------------------------

export interface ImageSummary {
  readonly id: string; // sha256:<hex> of the config
  readonly digest: string | null; // manifest digest
  readonly repoTags: readonly string[]; // familiar names: busybox:latest
  readonly repoDigests: readonly string[]; // what registries know it as: busybox@sha256:…
  readonly created: string; // RFC 3339
  readonly size: number; // bytes, sum of the uncompressed layers
  readonly labels: Readonly<Record<string, string>>;
  readonly containers: number;
}
export interface HistoryRow {
  readonly id: string; // image ID or '<missing>'
  readonly created: string;
  readonly createdBy: string;
  readonly size: number;
  readonly comment: string;
  readonly author: string;
  readonly emptyLayer: boolean;
  readonly tags: readonly string[];
}
/** docker diff's A, C and D. */
export interface Change {
  readonly kind: 'A' | 'C' | 'D';
  readonly path: string;
}
export interface ImportOptions extends Task {
  readonly reference?: string;
  readonly changes?: readonly string[];
  readonly message?: string;
  readonly platform?: string;
}
export interface LoadOptions extends Task {
  /** Which image of an index gets the name: `linux/arm64`. This machine's own otherwise. */
  readonly platform?: string;
}
export interface LoadedImage {
  readonly id: string;
  readonly references: readonly string[]; // familiar names
  /** Names of it that pointed at another image before. */
  readonly replaced: readonly { readonly reference: string; readonly id: string }[];
}
export interface SaveOptions extends Task {
  readonly platform?: string;
  /** Leave out the layers of this image: the other side has them. */
  readonly since?: string;
}
export interface RegistryOptions {
  readonly signal?: AbortSignal | undefined;
  /** HOST[:PORT] of registries that may be spoken to without TLS or with a certificate nobody vouches for. */
  readonly insecure?: readonly string[];
}
/** docker's words; `subject` is a layer's short ID, or the repository. Bytes only while downloading. */
export interface PullEvent {
  readonly status:
    | 'Pulling from'
    | 'Pulling fs layer'
    | 'Already exists'
    | 'Downloading'
    | 'Download complete'
    | 'Pull complete';
  readonly subject: string;
  readonly bytes?: number;
  readonly totalBytes?: number;
}
export interface PullOptions extends RegistryOptions {
  /** `linux/arm64`; this machine's own otherwise. */
  readonly platform?: string;
  /** Everything that an index lists, so that it can be pushed on as it is. */
  readonly allPlatforms?: boolean;
  readonly onPull?: (event: PullEvent) => void;
}
export interface PullResult {
  readonly id: string;
  readonly digest: string; // of the index or manifest
  readonly reference: string; // busybox:latest
  readonly canonical: string; // docker.io/library/busybox:latest
  readonly upToDate: boolean;
}
/** docker's words; `subject` is the short ID of the layer's plain tar. */
export interface PushEvent {
  readonly status: 'Preparing' | 'Pushing' | 'Pushed' | 'Layer already exists' | 'Mounted from';
  readonly subject: string;
  readonly from?: string; // the repository it was mounted from
  readonly bytes?: number;
  readonly totalBytes?: number;
}
export interface PushOptions extends RegistryOptions {
  readonly platform?: string;
  /** What the plain layers of an image made here become; gzip. An image from a registry stays as it is unless this is given. */
  readonly compression?: 'gzip' | 'zstd' | 'none';
  readonly level?: number; // 6 for gzip, 3 for zstd
  readonly onPush?: (event: PushEvent) => void;
}
export interface PushResult {
  readonly digest: string;
  readonly size: number; // bytes of the manifest
  readonly tag: string;
}
export type LoginOptions = RegistryOptions;
export interface ManifestInspect {
  readonly digest: string;
  readonly mediaType: string;
  /** As the registry sent it. */
  readonly bytes: Uint8Array;
  /** Descriptors of the manifests whose subject it is; empty unless asked for. */
  readonly referrers: readonly object[];
}
export interface TransferEvent {
  readonly subject: string; // short digest of the blob
  readonly bytes: number;
  readonly done: 'copied' | 'there' | 'foreign';
}
export interface TransferOptions extends RegistryOptions {
  /** Only the image of this platform; all of an index otherwise. */
  readonly platform?: string;
  /** Also what refers to it. */
  readonly referrers?: boolean;
  readonly onBlob?: (event: TransferEvent) => void;
}
export interface TransferResult {
  readonly digest: string; // of the topmost manifest or index
}
export type RemovedImage = { readonly untagged: string } | { readonly deleted: string };
export interface PrunedImages {
  readonly removed: readonly RemovedImage[];
  readonly reclaimed: number; // bytes
}

// ---- containers ---------------------------------------------------------------------------

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
export interface Volume {
  readonly name: string;
  readonly driver: 'local';
  readonly created: string; // RFC 3339
  readonly mountpoint: string; // absolute path on the host
  readonly anonymous: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly containers: readonly string[]; // IDs of those that have it
}
export interface CreateOptions extends LimitOptions, SecurityOptions, LifeOptions {
  readonly image: string;
  readonly name?: string;
  readonly command?: readonly string[]; // replaces Cmd
  readonly entrypoint?: readonly string[]; // [] clears it
  readonly env?: readonly string[]; // KEY=VALUE, or KEY to take it from the caller's environment
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
export interface ContainerSummary {
  readonly id: string; // 64 hex
  readonly name: string;
  readonly image: string; // as the user wrote it, or the ID
  readonly imageId: string;
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
export interface NetworkCreateOptions {
  readonly subnet?: string; // 10.1.2.0/24
  readonly gateway?: string;
  readonly internal?: boolean;
  readonly labels?: Readonly<Record<string, string>>;
}
export interface NetworkSummary {
  readonly id: string; // 64 hex
  readonly name: string;
  readonly created: string; // RFC 3339
  readonly driver: 'bridge' | 'host' | 'null';
  readonly internal: boolean;
  readonly subnet: string | null;
  readonly gateway: string | null;
  /** Its interface on the machine, there while a container is on it. */
  readonly bridge: string | null;
  readonly labels: Readonly<Record<string, string>>;
  /** Those that run now. */
  readonly containers: readonly {
    readonly id: string;
    readonly name: string;
    readonly address: string;
    readonly mac: string;
  }[];
}
/** A live connection to a container's (or an exec's) standard streams. The caller calls `close`. */
export interface Attachment {
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly stdin: Writable;
  resize(rows: number, columns: number): void;
  /** Resolves with the exit code once the process ended and both streams are drained. */
  readonly exit: Promise<number>;
  close(): void;
}
/** One more process in a running container. Environment, user and folder are the container's unless given. */
export interface ExecOptions {
  readonly command: readonly string[];
  readonly env?: readonly string[]; // KEY=VALUE, or KEY to take it from the caller's environment
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
export interface LogLine {
  readonly time: string; // RFC 3339 with nanoseconds
  readonly stream: 'stdout' | 'stderr';
  /** With its newline, unless the container wrote none. */
  readonly text: Uint8Array;
}
export interface CopyOptions extends Task {
  /** -a: what is copied out keeps its owner, setuid bits and capabilities; without, it is the caller's. */
  readonly archive?: boolean;
  /** -L: a symlink that is named is copied as what it leads to. */
  readonly followLink?: boolean;
}
export interface CopyResult {
  readonly bytes: number; // of the tar that holds the tree
  readonly path: string; // where it went
}
export interface CommitMeta {
  readonly author?: string;
  readonly message?: string;
  readonly changes?: readonly string[]; // Dockerfile instructions, -c
  readonly timestamp?: number; // seconds since the epoch; SOURCE_DATE_EPOCH
}
export interface CommitOptions extends Task, CommitMeta {
  readonly pause?: boolean; // default true
  /** On top of the container's last commit: only what changed since then is read. */
  readonly incremental?: boolean;
  /** Read everything, whatever an earlier commit left to build on. */
  readonly full?: boolean;
}
export interface ResetOptions extends Task {
  /** Its image, which it is reset to unless told, or one that was committed from it. */
  readonly to?: string;
  /** A running one, too: it is stopped, and started again afterwards. */
  readonly force?: boolean;
}
/** Which containers a batch is about; `names` and `filters` add up. */
export interface CommitSelection {
  readonly names?: readonly string[];
  readonly all?: boolean;
  readonly filters?: readonly string[]; // KEY=VALUE: name, id, label, status, ancestor
}
export interface BatchCommitOptions extends CommitOptions {
  /** A template for the images' names: {name} {id} {image} {n} {date}. */
  readonly tag?: string;
  readonly jobs?: number;
}
/** One container of a batch: its result or its error. */
export type BatchCommitResult = {
  readonly name: string;
  readonly id: string | null;
  /** Its place in the list, from 1: results come as they are done. */
  readonly n: number;
  readonly milliseconds: number;
} & ({ readonly result: CommitResult } | { readonly error: unknown });
export interface CommitResult {
  readonly imageId: string;
  readonly layer: { readonly diffId: string; readonly size: number; readonly entries: number } | null; // null: nothing changed
  readonly references: readonly string[];
  /** How long its processes stood still, milliseconds; 0 when it was not running. */
  readonly frozenMs: number;
}
