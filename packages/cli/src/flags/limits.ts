import { type LimitOptions, MicaError, type Ulimit, type UpdateOptions } from '@mica/engine';
import type { Command } from 'commander';
import type { FlagGroup } from './flag-group.ts';
import { bytesOf, bytesOrUnlimited, decimal, given, integer } from './values.ts';

/** Those that `update` has too. */
export interface ChangeableFlags {
  readonly blkioWeight?: number;
  readonly cpuPeriod?: number;
  readonly cpuQuota?: number;
  readonly cpuShares?: number;
  readonly cpus?: number;
  readonly cpusetCpus?: string;
  readonly cpusetMems?: string;
  readonly memory?: number;
  readonly memoryReservation?: number;
  readonly memorySwap?: number;
  readonly pidsLimit?: number;
}
export interface LimitFlags extends ChangeableFlags {
  readonly cgroupParent?: string;
  readonly memorySwappiness?: number;
  readonly oomKillDisable?: boolean;
  readonly oomScoreAdj?: number;
  readonly shmSize?: number;
  readonly ulimit: Ulimit[];
}

export function addChangeableFlags(command: Command): Command {
  return command
    .option('--blkio-weight <number>', 'share of the disks, 10 to 1000', integer('--blkio-weight'))
    .option('--cpu-period <microseconds>', "the scheduler's period", integer('--cpu-period'))
    .option('--cpu-quota <microseconds>', 'processor time in a period', integer('--cpu-quota'))
    .option('-c, --cpu-shares <number>', 'share of the processors; 1024 is the usual one', integer('--cpu-shares'))
    .option('--cpus <number>', 'how many processors, 1.5', decimal('--cpus'))
    .option('--cpuset-cpus <list>', 'on which processors, 0-1,3')
    .option('--cpuset-mems <list>', 'on which memory nodes')
    .option('-m, --memory <size>', 'memory, 512m', bytesOf('-m, --memory'))
    .option('--memory-reservation <size>', 'memory that is kept for it', bytesOf('--memory-reservation'))
    .option('--memory-swap <size>', 'memory and swap together; -1 for no limit', bytesOrUnlimited('--memory-swap'))
    .option('--pids-limit <number>', 'processes; -1 for no limit', integer('--pids-limit'));
}

export function readChangeable(flags: ChangeableFlags): UpdateOptions {
  return given<UpdateOptions>({
    blkioWeight: flags.blkioWeight,
    cpuPeriod: flags.cpuPeriod,
    cpuQuota: flags.cpuQuota,
    cpuShares: flags.cpuShares,
    cpus: flags.cpus || undefined, // docker's: 0 is no limit
    // docker's: an empty list is none
    cpusetCpus: flags.cpusetCpus || undefined,
    cpusetMems: flags.cpusetMems || undefined,
    memory: flags.memory,
    memoryReservation: flags.memoryReservation,
    memorySwap: flags.memorySwap,
    pidsLimit: flags.pidsLimit,
  });
}

export const limits: FlagGroup<LimitFlags> = {
  add(command) {
    addChangeableFlags(command)
      .option('--cgroup-parent <path>', 'the cgroup above its own')
      .option('--memory-swappiness <number>', 'how soon it is swapped out, 0 to 100', integer('--memory-swappiness'))
      .option('--oom-kill-disable', 'never killed for want of memory')
      .option('--oom-score-adj <number>', 'how soon it is, -1000 to 1000', integer('--oom-score-adj'))
      .option('--shm-size <size>', 'of /dev/shm; 64m', bytesOf('--shm-size'))
      .option(
        '--ulimit <name=soft[:hard]>',
        'a limit of setrlimit(2), nofile=1024:2048',
        (text: string, all: Ulimit[]) => [...all, parseUlimit(text)],
        [] as Ulimit[],
      );
  },
  read(flags) {
    return {
      ...readChangeable(flags),
      ...given<LimitOptions>({
        cgroupParent: flags.cgroupParent,
        memorySwappiness: flags.memorySwappiness,
        oomKillDisable: flags.oomKillDisable,
        oomScoreAdj: flags.oomScoreAdj,
        shmSize: flags.shmSize || undefined, // 0 would be a /dev/shm without a limit, of docker it is the default
        // docker's: of two for one limit the last counts; a runtime would set both, the second maybe without the right to.
        ulimits: [...new Map(flags.ulimit.map((one) => [one.name, one])).values()],
      }),
    };
  },
};

function parseUlimit(text: string): Ulimit {
  const match = /^([^=]+)=(-1|\d+|unlimited)(?::(-1|\d+|unlimited))?$/.exec(text);
  const number = (value: string) => (value === 'unlimited' ? -1 : Number(value));
  const soft = number(match?.[2] ?? '');
  const hard = match?.[3] === undefined ? soft : number(match[3]);
  if (match === null || (hard !== -1 && (soft > hard || soft === -1)))
    throw new MicaError(
      'invalid-argument',
      match
        ? `invalid argument "${text}" for "--ulimit" flag: ulimit soft limit must be less than or equal to hard limit: ${match[2]} > ${match[3]}`
        : `invalid argument "${text}" for "--ulimit" flag: invalid ulimit argument: ${text}`,
      { subject: '--ulimit', hint: 'expected NAME=SOFT[:HARD]', exitCode: 125 },
    );
  return { name: match[1] as string, soft, hard };
}
