import { MicaError } from '@mica/engine';
import { type Command, Option } from 'commander';

const plain = 'leave it out';
const ipv6 = 'networks are IPv4 only';
const disks = 'only --blkio-weight is there';

/** docker's flags that Mica has not, and what to do instead: said plainly, each by its name. */
const containerFlags: Readonly<Record<string, string>> = {
  '--annotation <map>': 'use --label',
  '--blkio-weight-device <list>': disks,
  '--cpu-count <number>': plain,
  '--cpu-percent <number>': plain,
  '--cpu-rt-period <microseconds>': plain,
  '--cpu-rt-runtime <microseconds>': plain,
  '--device-read-bps <list>': disks,
  '--device-read-iops <list>': disks,
  '--device-write-bps <list>': disks,
  '--device-write-iops <list>': disks,
  '--gpus <request>': "give the machine's devices with --device",
  '--io-maxbandwidth <bytes>': plain,
  '--io-maxiops <number>': plain,
  '--ip6 <address>': ipv6,
  '--kernel-memory <bytes>': 'use --memory: it counts that of the kernel, too',
  '--link <container>': 'put both on one network (mica network create NAME): there they find each other by name',
  '--link-local-ip <list>': plain,
  '--storage-opt <list>': plain,
  '--use-api-socket': 'there is no daemon, and no socket of one',
};

export function addUnsupportedFlags(command: Command): void {
  refuseFlags(command, containerFlags);
  for (const [flag, only] of [
    ['--isolation <technology>', /^(default)?$/],
    ['--volume-driver <name>', /^(local)?$/],
  ] as const)
    onlyValues(command, flag, only, plain);
  addContentTrustFlag(command);
}

/** No image is signed here: docker's default, to check nothing, is what happens. */
export function addContentTrustFlag(command: Command): void {
  onlyValues(command, '--disable-content-trust [yes]', /^(true|1)$/i, plain);
}

/** A flag that may say what happens anyhow; any other value is refused by the flag's name. */
export function onlyValues(command: Command, flag: string, only: RegExp, hint: string): void {
  command.addOption(new Option(flag).hideHelp().argParser((text: string) => only.test(text) || refuse(flag, hint)));
}

/** Each of the flags, as commander declares it, becomes an error that names it; the value is the hint. */
export function refuseFlags(command: Command, flags: Readonly<Record<string, string>>): void {
  for (const [flag, hint] of Object.entries(flags)) {
    command.addOption(new Option(flag).hideHelp().argParser(() => refuse(flag, hint)));
    // A flag without a value has no parser.
    if (!/[<[]/.test(flag)) command.on(`option:${nameOf(flag).slice(2)}`, () => refuse(flag, hint));
  }
}

function nameOf(flag: string): string {
  return /--[a-z0-9-]+/.exec(flag)?.[0] as string;
}
function refuse(flag: string, hint: string): never {
  const name = nameOf(flag);
  throw new MicaError('not-supported', `${name} is not supported`, { subject: name, hint, exitCode: 125 });
}
