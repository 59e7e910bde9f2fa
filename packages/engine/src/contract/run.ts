/** What `run` and `create` may ask of the kernel and of the engine beside image, command, mounts and networks. */

/** One limit of the container's processes. */
export interface Ulimit {
  readonly name: string; // nofile, nproc, …: setrlimit(2) without RLIMIT_, lower case
  readonly soft: number; // -1: unlimited
  readonly hard: number;
}
/** Cgroup and process limits; sizes are bytes, −1 is without limit where docker has it so. */
export interface LimitOptions {
  readonly memory?: number;
  readonly memorySwap?: number;
  readonly memoryReservation?: number;
  readonly cpus?: number; // 1.5
  readonly cpuShares?: number;
  readonly cpuPeriod?: number; // microseconds
  readonly cpuQuota?: number; // microseconds
  readonly cpusetCpus?: string; // 0-1,3
  readonly cpusetMems?: string;
  readonly pidsLimit?: number;
  readonly blkioWeight?: number; // 10 to 1000
  readonly ulimits?: readonly Ulimit[];
  readonly oomScoreAdj?: number;
  readonly oomKillDisable?: boolean;
  readonly shmSize?: number; // bytes, of /dev/shm
  readonly cgroupParent?: string;
  readonly memorySwappiness?: number; // 0 to 100, −1: the kernel's own; cgroup v1 only
}
/** A device of the machine that the container gets; paths on the host and in the container. */
export interface DeviceRequest {
  readonly source: string;
  readonly target: string;
  readonly access: string; // some of r, w, m
}
/** What a container may do; what is absent is docker's default. */
export interface SecurityOptions {
  readonly capAdd?: readonly string[];
  readonly capDrop?: readonly string[];
  readonly privileged?: boolean;
  /** A seccomp profile in docker's form, or `null` for none; absent: docker's default. */
  readonly seccomp?: Readonly<Record<string, unknown>> | null;
  readonly noNewPrivileges?: boolean;
  readonly apparmor?: string;
  /** Neither masked nor read-only paths in /proc and /sys. */
  readonly systemPathsUnconfined?: boolean;
  readonly devices?: readonly DeviceRequest[];
  readonly sysctls?: Readonly<Record<string, string>>;
  readonly groupAdd?: readonly string[];
  readonly ipc?: string; // private, shareable, none, host
  readonly pid?: string; // host, container:NAME
  readonly uts?: string; // host
  /** docker's default: private on cgroup v2, the machine's on v1. */
  readonly cgroupns?: 'private' | 'host';
  /** Rules for nodes that the container makes itself: `c 1:3 rwm`, `*` for every number. */
  readonly deviceRules?: readonly string[];
}
/** When a container that ended is started again. */
export interface RestartPolicy {
  readonly name: 'no' | 'always' | 'unless-stopped' | 'on-failure';
  readonly maximumRetries: number; // of on-failure, 0: no maximum; 0 of any other
}
/** A check run inside the container; nanoseconds, as in an image's config. */
export interface HealthOptions {
  /** `['CMD', …]`, `['CMD-SHELL', line]`, or `['NONE']` for the image's own switched off. */
  readonly test?: readonly string[];
  readonly interval?: number;
  readonly timeout?: number;
  readonly startPeriod?: number;
  readonly startInterval?: number;
  readonly retries?: number;
}
/** How a container begins, ends and is kept alive. */
export interface LifeOptions {
  /** A first process that reaps orphans and passes signals on. */
  readonly init?: boolean;
  readonly restart?: RestartPolicy;
  readonly health?: HealthOptions;
  readonly stopSignal?: string;
  readonly stopTimeout?: number; // seconds, −1: for ever
  /** Standard input ends with the first client that was attached to it (`run -i` in the foreground). */
  readonly stdinOnce?: boolean;
  /** Keeps nothing of what it writes. */
  readonly logDriver?: 'none';
  readonly logMaxSize?: number; // bytes
  readonly logMaxFile?: number; // files, with the one being written
  /** Labels and variables, with commas between them, that go with its lines where somebody asks for them. */
  readonly logLabels?: string;
  readonly logEnv?: string;
}
/** What `update` may change of a container. */
export type UpdateOptions = Pick<
  LimitOptions,
  | 'memory'
  | 'memorySwap'
  | 'memoryReservation'
  | 'cpus'
  | 'cpuShares'
  | 'cpuPeriod'
  | 'cpuQuota'
  | 'cpusetCpus'
  | 'cpusetMems'
  | 'pidsLimit'
  | 'blkioWeight'
> &
  Pick<LifeOptions, 'restart'>;
