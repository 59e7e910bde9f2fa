/** Commits: of one container, of many, and the way back. */

import type { Digest } from '../reference/digest.ts';
import type { Task } from './task.ts';

/** What a commit writes into the image's config and history. */
export interface CommitMeta {
  readonly author?: string;
  readonly message?: string;
  readonly changes?: readonly string[]; // Dockerfile instructions, -c
  readonly timestamp?: number; // seconds since the epoch; SOURCE_DATE_EPOCH
}
/** How one container is committed. */
export interface CommitOptions extends Task, CommitMeta {
  readonly pause?: boolean; // default true
  /** On top of the container's last commit: only what changed since then is read. */
  readonly incremental?: boolean;
  /** Read everything, whatever an earlier commit left to build on. */
  readonly full?: boolean;
}
/** Where a container goes back to, and whether while it runs. */
export interface ResetOptions extends Task {
  /** Its image, which it is reset to unless told, or one that was committed from it. */
  readonly to?: string;
  /** A running one, too: it is stopped, and started again afterwards. */
  readonly force?: boolean;
}
/** Which containers a batch is about, each once: those of `names`, and with `all` every other one, too. */
export interface CommitSelection {
  readonly names?: readonly string[];
  readonly all?: boolean;
}
/** How many containers are committed at once; what `CommitOptions` says holds for each. */
export interface BatchCommitOptions extends CommitOptions {
  /** A template for the images' names: {name} {id} {image} {n} {date}. */
  readonly tag?: string;
  /** Threads; the engine's own number unless told. */
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
/** What a commit made. */
export interface CommitResult {
  readonly imageId: Digest; // of the config
  /** Null when nothing changed; `size` is bytes of its tar. */
  readonly layer: { readonly diffId: Digest; readonly size: number; readonly entries: number } | null;
  readonly references: readonly string[];
  /** How long its processes stood still, milliseconds; 0 when it was not running. */
  readonly frozenMs: number;
}
