import { existsSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import type { LimitOptions, Ulimit } from '../contract/run.ts';
import { MicaError } from '../error.ts';
import { type Controller, canLimitSwap, hasController, unified } from './cgroup.ts';

type Limits = Pick<LimitOptions, Exclude<keyof LimitOptions, 'ulimits' | 'shmSize' | 'cgroupParent' | 'oomScoreAdj'>>;

/**
 * runtime-spec's `linux.resources` (config-linux.md, "Control groups"); a runtime translates it to cgroup v2.
 * @throws MicaError invalid-argument, worded as docker's; not-supported, naming the limit that this machine has not
 */
export function resources(limits: Limits): Record<string, unknown> {
  check(limits);
  const {
    memory,
    memoryReservation,
    cpuShares,
    cpusetCpus,
    cpusetMems,
    pidsLimit,
    blkioWeight,
    oomKillDisable,
    memorySwappiness,
  } = limits;
  const swap = swapLimit(limits);
  const quota = limits.cpus === undefined ? limits.cpuQuota : Math.round(limits.cpus * 100_000);
  const period = limits.cpus === undefined ? limits.cpuPeriod : 100_000;
  const memoryPart = defined({
    limit: memory,
    swap,
    reservation: memoryReservation,
    swappiness: memorySwappiness === -1 ? undefined : memorySwappiness,
    disableOOMKiller: oomKillDisable || undefined,
  });
  const cpuPart = defined({ shares: cpuShares || undefined, quota, period, cpus: cpusetCpus, mems: cpusetMems });
  return defined({
    memory: memoryPart,
    cpu: cpuPart,
    pids: pidsLimit ? { limit: pidsLimit < 0 ? MOST_PIDS : pidsLimit } : undefined,
    blockIO: blkioWeight ? { weight: blkioWeight } : undefined,
  });
}

/** docker's: memory without a word of swap is as much swap again. −1: no limit; undefined: none was set. */
export function swapLimit({ memory, memorySwap }: Pick<Limits, 'memory' | 'memorySwap'>): number | undefined {
  if (memorySwap) return memorySwap;
  return memory !== undefined && memory > 0 && canLimitSwap() ? 2 * memory : undefined;
}

function defined(parts: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(parts).filter(
      ([, value]) => value !== undefined && !(typeof value === 'object' && Object.keys(value as object).length === 0),
    ),
  );
}

/** Linux's PID_MAX_LIMIT, beyond which no pids.max counts: crun before 1.9 hands −1 to the kernel, which refuses it. */
const MOST_PIDS = 4 * 1024 * 1024;

const MINIMUM_MEMORY = 6 * 1024 * 1024; // docker's: less, and the runtime itself does not fit

function check(limits: Limits): void {
  const {
    memory,
    memorySwap,
    memoryReservation,
    cpus: wanted,
    cpusetCpus,
    cpusetMems,
    pidsLimit,
    blkioWeight,
  } = limits;
  if (memory !== undefined || memoryReservation !== undefined) need('memory', '--memory');
  if (memory !== undefined && memory > 0 && memory < MINIMUM_MEMORY)
    throw invalid('Minimum memory limit allowed is 6MB');
  const { memorySwappiness } = limits;
  if (memorySwappiness !== undefined && memorySwappiness !== -1) {
    if (memorySwappiness < 0 || memorySwappiness > 100)
      // docker's command line looks at this one itself.
      throw new MicaError(
        'invalid-argument',
        `Invalid value: ${memorySwappiness}, valid memory swappiness range is 0-100`,
        { exitCode: 125, hint: 'leave it out, or give a number from 0 to 100' },
      );
    need('memory', '--memory-swappiness');
    if (unified) throw absent('--memory-swappiness', "cgroup v1's memory.swappiness");
  }
  if (memorySwap !== undefined && memorySwap > 0) {
    if (memory === undefined || memory <= 0)
      throw invalid('You should always set the Memory limit when using Memoryswap limit, see usage');
    if (memorySwap < memory) throw invalid('Minimum memoryswap limit should be larger than memory limit, see usage');
    if (!canLimitSwap()) throw absent('--memory-swap', 'swap accounting');
  }
  if (memory !== undefined && memory > 0 && memoryReservation !== undefined && memoryReservation > memory)
    throw invalid('Minimum memory limit can not be less than memory reservation limit, see usage');
  if (wanted !== undefined) {
    need('cpu', '--cpus');
    const most = cpus().length;
    if (wanted < 0.01 || wanted > most)
      throw invalid(`range of CPUs is from 0.01 to ${most.toFixed(2)}, as there are only ${most} CPUs available`);
    if (limits.cpuQuota !== undefined || limits.cpuPeriod !== undefined)
      throw invalid(
        `Conflicting options: Nano CPUs and CPU ${limits.cpuQuota === undefined ? 'Period' : 'Quota'} cannot both be set`,
      );
  }
  if (limits.cpuShares || limits.cpuQuota !== undefined || limits.cpuPeriod !== undefined) need('cpu', '--cpu-shares');
  if (cpusetCpus !== undefined) {
    need('cpuset', '--cpuset-cpus');
    requireOnline(cpusetCpus, 'cpu', ['cpus', 'CPUs']);
  }
  if (cpusetMems !== undefined) {
    need('cpuset', '--cpuset-mems');
    requireOnline(cpusetMems, 'node', ['mems', 'memory nodes']);
  }
  if (pidsLimit !== undefined && pidsLimit !== 0) need('pids', '--pids-limit');
  if (blkioWeight) {
    if (blkioWeight < 10 || blkioWeight > 1000) throw invalid('Range of blkio weight is from 10 to 1000');
    need('io', '--blkio-weight');
  }
}

/** Processors or memory nodes that this machine has. A kernel without NUMA has no list of nodes, and one node. */
function requireOnline(asked: string, device: 'cpu' | 'node', [short, long]: readonly [string, string]): void {
  const file = `/sys/devices/system/${device}/online`;
  const available = existsSync(file) ? readFileSync(file, 'latin1').trim() : '0';
  const there = cpuList(available) ?? new Set();
  const numbers = cpuList(asked);
  if (numbers === null) throw invalid(`Invalid value ${asked} for cpuset ${short}`);
  if (![...numbers].every((number) => there.has(number)))
    throw invalid(`Requested ${long} are not available - requested ${asked}, available: ${available}`);
}

function need(controller: Controller, flag: string): void {
  if (!hasController(controller)) throw absent(flag, `the ${controller} controller`);
}
function absent(flag: string, what: string): MicaError {
  return new MicaError('not-supported', `${flag}: this machine's kernel has not ${what} for it`, {
    subject: flag,
    hint: 'leave the limit out, or turn it on (see /sys/fs/cgroup and the boot line)',
  });
}
function invalid(message: string): MicaError {
  return new MicaError('invalid-argument', message);
}

/** `0-2,4` as numbers; null when it is not one. */
function cpuList(text: string): Set<number> | null {
  const found = new Set<number>();
  for (const part of text.split(',')) {
    const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part);
    if (!match) return null;
    for (let cpu = Number(match[1]); cpu <= Number(match[2] ?? match[1]); cpu++) found.add(cpu);
  }
  return found;
}

const labels: Readonly<Record<string, string>> = {
  core: 'core file size',
  cpu: 'cpu time',
  data: 'data size',
  fsize: 'file size',
  locks: 'file locks',
  memlock: 'locked memory',
  msgqueue: 'msgqueue size',
  nice: 'nice priority',
  nofile: 'open files',
  nproc: 'processes',
  rss: 'resident set',
  rtprio: 'realtime priority',
  rttime: 'realtime timeout',
  sigpending: 'pending signals',
  stack: 'stack size',
};
const CAP_SYS_RESOURCE = 24n;
const rawJson = (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON;

function hasSysResource(): boolean {
  const status = readFileSync('/proc/self/status', 'latin1');
  const held = BigInt(`0x${/^CapEff:\t([0-9a-f]+)/m.exec(status)?.[1] ?? '0'}`);
  return ((held >> CAP_SYS_RESOURCE) & 1n) === 1n;
}

/** @throws MicaError not-supported for a value that this machine does not let mica set */
export function oomScore(adjustment: number): number {
  if (adjustment < -1000 || adjustment > 1000)
    throw invalid(`Invalid value ${adjustment}, range for oom score adj is [-1000, 1000]`);
  const own = Number(readFileSync('/proc/self/oom_score_adj', 'latin1'));
  if (adjustment < Math.min(own, 0) && !hasSysResource())
    throw new MicaError('not-supported', `--oom-score-adj ${adjustment}: this machine allows at least ${own}`, {
      hint: 'less needs CAP_SYS_RESOURCE, which the process that runs mica has not',
    });
  return adjustment;
}

/**
 * runtime-spec's `process.rlimits`, for what was asked only: to raise a hard limit takes CAP_SYS_RESOURCE,
 * which not every root has. @throws MicaError not-supported, naming the limit and what this machine allows
 */
export function rlimits(ulimits: readonly Ulimit[]): Record<string, unknown>[] {
  if (ulimits.length === 0) return [];
  const mayRaise = hasSysResource();
  const own = readFileSync('/proc/self/limits', 'latin1');
  return ulimits.map(({ name, soft, hard }) => {
    const label = labels[name];
    if (label === undefined)
      // docker's command line looks at this one itself.
      throw new MicaError(
        'invalid-argument',
        `invalid argument "${name}=${soft === hard ? soft : `${soft}:${hard}`}" for "--ulimit" flag: invalid ulimit type: ${name}`,
        { subject: name, hint: `one of ${Object.keys(labels).join(', ')}`, exitCode: 125 },
      );
    const most = new RegExp(`^Max ${label} +\\S+ +(\\S+)`, 'mi').exec(own)?.[1] ?? 'unlimited';
    if (!mayRaise && most !== 'unlimited' && (hard === -1 || hard > Number(most)))
      throw new MicaError('not-supported', `--ulimit ${name}=${soft}:${hard}: this machine allows at most ${most}`, {
        subject: name,
        hint: 'more needs CAP_SYS_RESOURCE, which the process that runs mica has not',
      });
    // RLIM_INFINITY has more digits than a double holds.
    const value = (limit: number) => (limit === -1 ? rawJson('18446744073709551615') : limit);
    return { type: `RLIMIT_${name.toUpperCase()}`, soft: value(soft), hard: value(hard) };
  });
}
