/**
 * What the engine offers a caller: the command line, or a program that imports `@mica/engine`.
 * Every long operation takes a {@link Task}: an AbortSignal to stop it (within one file) and a
 * listener for progress. Paths inside images are bytes in the store and `string` (utf8) here.
 */
import type { Readable, Writable } from 'node:stream';

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
  /** Return from a commit only once all of it is on disk. */
  readonly sync?: boolean;
}

// ---- images -------------------------------------------------------------------------------

export interface ImageSummary {
  readonly id: string; // sha256:<hex> of the config
  readonly digest: string | null; // manifest digest
  readonly repoTags: readonly string[]; // familiar names: busybox:latest
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
export interface LayerPicture {
  readonly index: number; // 0 is the base
  readonly diffId: string;
  readonly digest: string;
  readonly size: number; // bytes of the uncompressed tar
  readonly entries: number;
  readonly adds: number;
  readonly changes: number;
  readonly hides: number;
  readonly created: string;
  readonly author: string;
  readonly message: string;
  readonly createdBy: string;
}
export type EntryKind = 'file' | 'dir' | 'symlink' | 'hardlink' | 'char' | 'block' | 'fifo';
export interface ImageEntry {
  readonly path: string; // absolute, '/etc/passwd'
  readonly kind: EntryKind;
  readonly mode: number; // permission bits 07777
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtime: string; // RFC 3339
  readonly target: string; // of a symlink or a hard link
  readonly layer: number; // which layer brought it
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
export interface LoadResult {
  readonly id: string;
  /** Familiar names given to it; empty means it is known by its ID only. */
  readonly references: readonly string[];
}
export type ArchiveFormat = 'docker-archive' | 'oci-archive' | 'oci-dir';
export interface SaveOptions extends Task {
  readonly format?: ArchiveFormat;
}
export type RemovedImage = { readonly untagged: string } | { readonly deleted: string };
export interface CommitFromOptions extends Task, CommitMeta {
  /** Take equal size and mtime as proof of equal bytes. */
  readonly trustMtime?: boolean;
}

export interface Images {
  import(source: Readable, options?: ImportOptions): Promise<ImageSummary>;
  load(source: Readable | string, options?: Task): Promise<LoadResult[]>;
  save(names: readonly string[], out: Writable | string, options?: SaveOptions): Promise<void>;
  list(options?: {
    all?: boolean;
    filters?: Readonly<Record<string, readonly string[]>>;
    reference?: string;
  }): ImageSummary[];
  /** docker's inspect object. */
  inspect(name: string): Record<string, unknown>;
  history(name: string): HistoryRow[];
  tag(source: string, target: string): void;
  remove(name: string, options?: { force?: boolean; noPrune?: boolean }): RemovedImage[];
  prune(options?: { all?: boolean }): { deleted: RemovedImage[]; reclaimed: number };
  layers(name: string, options?: Task): Promise<LayerPicture[]>;
  /** Entries directly below `path` (or the one entry, if it is no directory), or the whole subtree. */
  ls(name: string, path: string, options?: Task & { recursive?: boolean }): Promise<ImageEntry[]>;
  cat(name: string, path: string, out: Writable, options?: Task): Promise<void>;
  diff(a: string, b: string, options?: Task): Promise<Change[]>;
  unpack(name: string, dir: string, options?: Task): Promise<{ entries: number; bytes: number }>;
  commitFrom(
    dir: string,
    image: string,
    reference: string | undefined,
    options?: CommitFromOptions,
  ): Promise<CommitResult>;
}

// ---- containers ---------------------------------------------------------------------------

export type ContainerStatus = 'created' | 'running' | 'paused' | 'exited' | 'dead';
export interface BindMount {
  readonly source: string; // absolute host path
  readonly target: string; // absolute path in the container
  readonly readOnly: boolean;
}
export interface CreateOptions {
  readonly image: string;
  readonly name?: string;
  readonly command?: readonly string[]; // replaces Cmd
  readonly entrypoint?: readonly string[]; // [] clears it
  readonly env?: readonly string[]; // KEY=VALUE, or KEY to take it from the caller's environment
  readonly labels?: Readonly<Record<string, string>>;
  readonly workdir?: string;
  readonly user?: string;
  readonly hostname?: string;
  readonly tty?: boolean;
  readonly openStdin?: boolean; // -i
  readonly readOnly?: boolean;
  readonly remove?: boolean; // --rm
  readonly network?: string; // 'none' (default in this version) | 'host'
  readonly mounts?: readonly BindMount[];
  readonly stopSignal?: string;
  readonly stopTimeout?: number;
  readonly init?: boolean;
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
  readonly labels: Readonly<Record<string, string>>;
  readonly mounts: readonly BindMount[];
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
  /** Resolves with the exit code once the process ended and both streams are drained. */
  readonly exit: Promise<number>;
  close(): void;
}
export interface StreamOptions {
  readonly stdin?: boolean;
  readonly rows?: number;
  readonly columns?: number;
}
export interface ExecOptions extends StreamOptions {
  readonly command: readonly string[];
  readonly tty?: boolean;
  readonly detach?: boolean;
  readonly env?: readonly string[];
  readonly workdir?: string;
  readonly user?: string;
  readonly privileged?: boolean;
}
export interface LogLine {
  readonly time: string; // RFC 3339 with nanoseconds
  readonly stream: 'stdout' | 'stderr';
  /** With its newline, unless the container wrote none. */
  readonly text: Uint8Array;
}
export interface LogsOptions {
  readonly follow?: boolean;
  readonly tail?: number;
  readonly since?: string;
  readonly until?: string;
  readonly signal?: AbortSignal;
}
export interface CommitMeta {
  readonly author?: string;
  readonly message?: string;
  readonly changes?: readonly string[]; // Dockerfile instructions, -c
  readonly timestamp?: number; // seconds since the epoch; SOURCE_DATE_EPOCH
}
export interface CommitOptions extends Task, CommitMeta {
  readonly pause?: boolean; // default true
}
export interface CommitResult {
  readonly imageId: string;
  readonly layer: { readonly diffId: string; readonly size: number; readonly entries: number } | null; // null: nothing changed
  readonly references: readonly string[];
  readonly frozenMs: number;
}

export interface Containers {
  create(options: CreateOptions): Promise<string>;
  start(name: string): Promise<void>;
  /** Starts a created container with its streams attached from its first byte on. */
  startAttached(name: string, options?: StreamOptions): Promise<Attachment>;
  attach(name: string, options?: StreamOptions): Promise<Attachment>;
  stop(name: string, options?: { timeout?: number; signal?: string }): Promise<void>;
  kill(name: string, signal?: string): Promise<void>;
  pause(name: string): Promise<void>;
  unpause(name: string): Promise<void>;
  wait(name: string, options?: { signal?: AbortSignal }): Promise<number>;
  exec(name: string, options: ExecOptions): Promise<Attachment>;
  logs(name: string, options?: LogsOptions): AsyncIterable<LogLine>;
  remove(name: string, options?: { force?: boolean }): Promise<void>;
  rename(name: string, newName: string): void;
  top(name: string, psArgs?: readonly string[]): Promise<{ titles: string[]; processes: string[][] }>;
  list(options?: {
    all?: boolean;
    size?: boolean;
    filters?: Readonly<Record<string, readonly string[]>>;
    last?: number;
  }): Promise<ContainerSummary[]>;
  inspect(name: string, options?: { size?: boolean }): Promise<Record<string, unknown>>;
  diff(name: string, options?: Task): Promise<Change[]>;
  export(name: string, out: Writable, options?: Task): Promise<void>;
  /** A tar of `path` inside the container, docker cp's way; `stat` tells what it is. */
  copyOut(name: string, path: string, options?: { followLink?: boolean }): Promise<Readable>;
  /** Extracts a tar into the directory `path` inside the container. */
  copyIn(name: string, path: string, tar: Readable, options?: { archive?: boolean }): Promise<void>;
  statPath(
    name: string,
    path: string,
    options?: { followLink?: boolean },
  ): Promise<{ kind: EntryKind; mode: number; size: number; target: string } | null>;
  commit(name: string, reference: string | undefined, options?: CommitOptions): Promise<CommitResult>;
  prune(): Promise<{ deleted: string[]; reclaimed: number }>;
  /** What conmon's exit command calls: records the end, removes if it was run with --rm. */
  cleanup(id: string): Promise<void>;
}

// ---- system -------------------------------------------------------------------------------

export interface DiskUsage {
  readonly images: { count: number; active: number; size: number; reclaimable: number };
  readonly containers: { count: number; active: number; size: number; reclaimable: number };
  readonly layers: { count: number; size: number };
}
export interface System {
  version(): Promise<Record<string, unknown>>;
  info(): Promise<Record<string, unknown>>;
  df(): Promise<DiskUsage>;
  /** Verifies every blob the store refers to; returns one line per fault. */
  check(options?: Task): Promise<{ checked: number; faults: string[] }>;
  prune(options?: { all?: boolean }): Promise<{ reclaimed: number; removed: string[] }>;
}

export interface EngineContract extends AsyncDisposable {
  readonly root: string;
  readonly images: Images;
  readonly containers: Containers;
  readonly system: System;
  close(): Promise<void>;
}
