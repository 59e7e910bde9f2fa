/** What the views of an image's tree give: contract of `engine.trees`. */

import type { Digest } from '../reference/digest.ts';

export type EntryKind = 'file' | 'dir' | 'symlink' | 'char' | 'block' | 'fifo';

/** One path of an image. */
export interface TreeEntry {
  /** Absolute, as utf8; names that are none show replacement characters. */
  readonly path: string;
  /** The path's bytes, without the slash at its start. */
  readonly pathBytes: Uint8Array;
  readonly kind: EntryKind;
  readonly mode: number; // permission bits, 07777
  readonly uid: number;
  readonly gid: number;
  readonly size: number; // bytes, holes included
  readonly mtime: string; // RFC 3339 with nanoseconds where there are any
  /** A symlink's target. */
  readonly target?: string;
  readonly targetBytes?: Uint8Array;
  readonly device?: readonly [major: number, minor: number];
  /** How many names in this image are this file. */
  readonly names: number;
  /** The layer that brought it, as in {@link LayerRow.number}. */
  readonly layer: number;
}

/** Paths of one sort of change in a layer. */
export interface PathCount {
  readonly count: number;
  /** Topmost paths first come, at most a few: what is below an added or hidden directory stands for itself. */
  readonly examples: readonly string[];
}

/** One layer of an image with the history row that speaks of it. */
export interface LayerRow {
  readonly number: number; // 1 is the base
  readonly diffId: Digest;
  readonly digest: Digest; // of the blob as stored
  readonly mediaType: string;
  readonly size: number; // bytes of the tar
  readonly storedSize: number; // bytes of the blob
  readonly entries: number;
  readonly created: string;
  readonly createdBy: string;
  readonly author: string;
  readonly message: string;
  readonly adds: PathCount;
  readonly changes: PathCount;
  /** Paths of lower layers that are no longer seen. */
  readonly hides: PathCount;
}

/** One path that two images do not have alike. */
export interface TreeChange {
  readonly kind: 'A' | 'C' | 'D';
  readonly path: string;
  readonly pathBytes: Uint8Array;
  /** For C: what differs. */
  readonly differs: readonly Difference[];
}
export type Difference =
  | 'kind'
  | 'mode'
  | 'owner'
  | 'mtime'
  | 'size'
  | 'content'
  | 'target'
  | 'xattrs'
  | 'device'
  | 'hard links';

/** A path and the layer, or commit, that brought it as it is. */
export interface BlameRow {
  readonly path: string;
  readonly pathBytes: Uint8Array;
  readonly layer: number;
  readonly diffId: Digest;
  readonly created: string;
  readonly createdBy: string;
  readonly author: string;
  readonly message: string;
}

/** What an unpacked directory could not be given. */
export interface UnpackReport {
  readonly entries: number;
  readonly bytes: number;
  /** By reason, how often: owners, devices, attributes that need root or another file system. */
  readonly notes: readonly string[];
}
