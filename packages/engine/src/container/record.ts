import type { CreateOptions, MountPoint } from '../contract.ts';

/** What the store keeps of a container beside its name and image. */
export interface ContainerState {
  readonly options: CreateOptions;
  readonly command: readonly string[];
  /** What it mounts beside its rootfs; a mount precedes those below it. */
  readonly mounts: readonly MountPoint[];
  readonly status: 'created' | 'running' | 'exited';
  readonly pid: number | null;
  /** Start time of that pid, so that a reused number is not taken for it. */
  readonly pidStart: string | null;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  readonly exitCode: number | null;
}
