import { MicaError } from '@mica/engine';
import { type Command, Option } from 'commander';

/** docker's flags that Mica has not: said plainly, each by its name, instead of "unknown option". */
const flags: readonly string[] = [
  '-a, --attach <stream>',
  '--annotation <map>',
  '--blkio-weight-device <list>',
  '--cgroupns <mode>',
  '--cpu-count <number>',
  '--cpu-percent <number>',
  '--cpu-rt-period <microseconds>',
  '--cpu-rt-runtime <microseconds>',
  '--device-cgroup-rule <rule>',
  '--device-read-bps <list>',
  '--device-read-iops <list>',
  '--device-write-bps <list>',
  '--device-write-iops <list>',
  '--domainname <name>',
  '--gpus <request>',
  '--io-maxbandwidth <bytes>',
  '--io-maxiops <number>',
  '--ip6 <address>',
  '--isolation <technology>',
  '--kernel-memory <bytes>',
  '--link <container>',
  '--link-local-ip <list>',
  '--memory-swappiness <number>',
  '--storage-opt <list>',
  '--volume-driver <name>',
];

export function addUnsupportedFlags(command: Command): void {
  for (const flag of flags) {
    const name = /--[a-z0-9-]+/.exec(flag)?.[0] as string;
    const refuse = () => {
      throw new MicaError('not-supported', `${name} is not supported`, {
        subject: name,
        hint: 'leave it out',
        exitCode: 125,
      });
    };
    command.addOption(new Option(flag).hideHelp().argParser(refuse));
  }
}
