/** Registries: pull, push, login, and copies without unpacking. */

import type { Digest } from '../reference/digest.ts';

/** How registries are spoken to. Stopped, they reject with the signal's reason. */
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
/** What is pulled of an image. */
export interface PullOptions extends RegistryOptions {
  /** `linux/arm64`; this machine's own otherwise. */
  readonly platform?: string;
  /** Everything that an index lists, so that it can be pushed on as it is. */
  readonly allPlatforms?: boolean;
  readonly onPull?: (event: PullEvent) => void;
}
/** The image that a pull brought, or found to be here. */
export interface PullResult {
  readonly id: Digest;
  readonly digest: Digest; // of the index or manifest
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
/** What a push sends, and in which form. */
export interface PushOptions extends RegistryOptions {
  readonly platform?: string;
  /** What the plain layers of an image made here become; gzip. An image from a registry stays as it is unless this is given. */
  readonly compression?: 'gzip' | 'zstd' | 'none';
  readonly level?: number; // 6 for gzip, 3 for zstd
  readonly onPush?: (event: PushEvent) => void;
}
/** The manifest that a push wrote. */
export interface PushResult {
  readonly digest: Digest;
  readonly size: number; // bytes of the manifest
  readonly tag: string;
}
/** How the registry is spoken to that a login asks. */
export type LoginOptions = RegistryOptions;
/** Where the login is kept now: in docker's configuration, or with the helper that it names. */
export interface LoginResult {
  readonly server: string;
  readonly helper: string | null;
  readonly path: string; // of the configuration
}
/** A manifest or index as the registry has it. */
export interface ManifestInspect {
  readonly digest: Digest;
  readonly mediaType: string;
  /** As the registry sent it. */
  readonly bytes: Uint8Array;
  /** Descriptors of the manifests whose subject it is; empty unless asked for. */
  readonly referrers: readonly object[];
}
/** One blob that a copy is done with: `there` was at the target, `foreign` is never copied. */
export interface TransferEvent {
  readonly subject: string; // short digest of the blob
  readonly bytes: number;
  readonly done: 'copied' | 'there' | 'foreign';
}
/** What `mica copy` takes along. */
export interface TransferOptions extends RegistryOptions {
  /** Only the image of this platform; all of an index otherwise. */
  readonly platform?: string;
  /** Also what refers to it. */
  readonly referrers?: boolean;
  readonly onBlob?: (event: TransferEvent) => void;
}
/** What a copy wrote. */
export interface TransferResult {
  readonly digest: Digest; // of the topmost manifest or index
}
