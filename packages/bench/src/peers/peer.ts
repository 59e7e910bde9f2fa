import type { Command } from '../measure/process.ts';

/**
 * A container engine under measurement, Mica among them: the same job as commands to be timed. An engine
 * is opened with a store of its own, in the run's folder, and closed in the end whatever happened.
 */
export interface Peer {
  readonly name: PeerName;
  readonly version: string;
  /** A root file system's tar becomes an image. */
  importImage(tar: string, image: string): void;
  /** A container that was made and never started: its upper may be filled from outside. */
  create(image: string, name: string): Box;
  /** Starts it for real, if the engine runs containers. */
  start(box: Box): void;
  remove(box: Box): void;
  removeImage(image: string): void;
  commit(box: Box, image: string): Command;
  /** Removes every container. */
  clear(): void;
  close(): void;
}

export interface Box {
  readonly name: string;
  /** The writable layer's directory, or the whole tree where the engine knows no layer. */
  readonly upper: string;
}

export const peerNames = ['mica', 'docker', 'buildah', 'umoci'] as const;
export type PeerName = (typeof peerNames)[number];

/** Opened, or the reason why its column stays empty. */
export type Opened = { readonly peer: Peer } | { readonly absent: string };
