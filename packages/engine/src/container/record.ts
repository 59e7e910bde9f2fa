import type { CreateOptions, MountPoint } from '../contract/container.ts';
import type { Owner } from '../store/files.ts';

/** What the store keeps of a container beside its name and image. */
export interface ContainerState {
  readonly options: CreateOptions;
  readonly command: readonly string[];
  /** What it mounts beside its rootfs; a mount precedes those below it. */
  readonly mounts: readonly MountPoint[];
  readonly status: 'created' | 'running' | 'exited';
  /** What stands in the database for it cannot be used: it can be shown and removed. */
  readonly damaged?: boolean;
  /** Who made it: while that process lives, its folder may be yet to come. */
  readonly maker?: Owner;
  readonly pid: number | null;
  /** Start time of that pid, so that a reused number is not taken for it. */
  readonly pidStart: string | null;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  readonly exitCode: number | null;
  /** Why its last start failed; docker's State.Error. */
  readonly error?: string;
  /** The kernel killed a process of its last run for want of memory. */
  readonly oomKilled?: boolean;
  /** Who is starting it now. Killed meanwhile, it leaves this, and the machine tells how far it came. */
  readonly starting?: Owner | null;
  /** Who started it with its streams attached, and reads its exit code: with --rm it goes after that. */
  readonly attached?: Owner | null;
  /** Who is giving it another writable layer now. */
  readonly resetting?: Owner | null;
  /** A reset ended it and has not started it again yet: of one that was killed, the next does that. */
  readonly stoppedToReset?: boolean;
  /** How often its writable layer was replaced: a commit begun before that is not recorded after. */
  readonly resets?: number;
  /** A user ended it: no restart policy brings it back. */
  readonly stopRequested?: boolean;
  /** Starts by its restart policy since a user started it. */
  readonly restartCount?: number;
  /** Who waits to start it again, from its end to its next start. */
  readonly restarting?: Owner | null;
  /** The OCI runtime of its last start, an absolute path: only that one knows its state. */
  readonly runtime?: string;
  /** Whether conmon runs a command at the end of this run: what asks for one later needs the monitor. */
  readonly endCommand?: boolean;
  /** The boot in which it last ran. */
  readonly boot?: string;
  readonly health?: HealthState | null;
}

/** docker's; `log` holds the last five probes. */
export interface HealthState {
  readonly status: 'starting' | 'healthy' | 'unhealthy';
  readonly failingStreak: number;
  readonly log: readonly {
    readonly start: string;
    readonly end: string;
    readonly exitCode: number;
    readonly output: string;
  }[];
}
