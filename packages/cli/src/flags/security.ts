import { type DeviceRequest, MicaError, type SecurityOptions, wrapSystemError } from '@mica/engine';
import { parseBoolean } from './boolean.ts';
import { type FlagGroup, many } from './flag-group.ts';
import { readSmallFile } from './small-file.ts';
import { given } from './values.ts';

export interface SecurityFlags {
  readonly capAdd: string[];
  readonly capDrop: string[];
  readonly cgroupns?: string;
  readonly device: string[];
  readonly deviceCgroupRule: string[];
  readonly groupAdd: string[];
  readonly ipc?: string;
  readonly pid?: string;
  readonly privileged?: boolean;
  readonly securityOpt: string[];
  readonly sysctl: string[];
  readonly userns?: string;
  readonly uts?: string;
}

export const security: FlagGroup<SecurityFlags> = {
  add(command) {
    const none = [] as string[];
    command
      .option('--cap-add <name>', 'a capability more, or ALL', many, none)
      .option('--cap-drop <name>', 'a capability less, or ALL', many, none)
      .option('--cgroupns <mode>', 'private or host')
      .option('--device <source[:target[:rwm]]>', 'a device of the machine', many, none)
      .option('--device-cgroup-rule <rule>', 'devices that it may make and use: c 1:3 rwm', many, none)
      .option('--group-add <group>', 'one more group for its user', many, none)
      .option('--ipc <mode>', 'private (default), none or host')
      .option('--pid <mode>', 'host, or container:NAME')
      .option('--privileged', 'all capabilities and devices, no confinement')
      .option('--security-opt <option>', 'seccomp=FILE|unconfined, no-new-privileges, apparmor=…, …', many, none)
      .option('--sysctl <name=value>', 'a kernel parameter of its namespaces', many, none)
      .option('--userns <mode>', 'host (user namespaces are not supported)')
      .option('--uts <mode>', 'host');
  },
  read(flags) {
    const { cgroupns, ipc, pid, uts, userns } = flags;
    mode('--cgroupns', cgroupns, /^(private|host)$/, 'private and host are supported');
    mode('--ipc', ipc, /^(private|shareable|none|host)$/, 'private, none and host are supported');
    mode('--pid', pid, /^(host|container:.+)$/, 'host and container:NAME are supported');
    mode('--uts', uts, /^host$/, 'host is supported');
    mode('--userns', userns, /^host$/, 'user namespaces are not supported');
    return {
      ...given<SecurityOptions>({
        capAdd: flags.capAdd,
        capDrop: flags.capDrop,
        cgroupns: (cgroupns || undefined) as SecurityOptions['cgroupns'],
        deviceRules: flags.deviceCgroupRule,
        devices: flags.device.map(parseDevice),
        groupAdd: flags.groupAdd,
        ipc,
        pid,
        privileged: flags.privileged,
        sysctls: Object.fromEntries(flags.sysctl.map(parseSysctl)),
        uts,
      }),
      ...securityOptions(flags.securityOpt),
    };
  },
};

function mode(flag: string, value: string | undefined, known: RegExp, hint: string): void {
  if (value !== undefined && value !== '' && !known.test(value))
    throw new MicaError('not-supported', `${flag} ${value} is not supported`, { subject: flag, hint, exitCode: 125 });
}

function parseDevice(text: string): DeviceRequest {
  const [source = '', ...rest] = text.split(':');
  const last = rest.at(-1);
  const hasAccess = last !== undefined && /^[rwm]{1,3}$/.test(last);
  const access = hasAccess ? (last as string) : 'rwm';
  const target = (hasAccess ? rest.slice(0, -1) : rest)[0] ?? source;
  if (!source.startsWith('/') || !target.startsWith('/') || rest.length > (hasAccess ? 2 : 1))
    throw new MicaError('invalid-argument', `bad format for device: ${text}`, {
      subject: '--device',
      hint: 'expected /dev/SOURCE[:/dev/TARGET[:rwm]]',
      exitCode: 125,
    });
  return { source, target, access };
}

/** Only what belongs to a namespace of the container's own; anything else would change the machine (docker's list). */
const namespaced =
  /^(net\.|fs\.mqueue\.|kernel\.(msgmax|msgmnb|msgmni|sem|shmall|shmmax|shmmni|shm_rmid_forced|domainname)$)/;

function parseSysctl(text: string): [string, string] {
  const at = text.indexOf('=');
  const name = text.slice(0, Math.max(at, 0));
  if (at < 1 || !namespaced.test(name))
    throw new MicaError(
      'invalid-argument',
      `invalid argument "${text}" for "--sysctl" flag: sysctl '${text}' is not allowed`,
      {
        subject: '--sysctl',
        hint: 'only parameters of the network and IPC namespaces: net.*, fs.mqueue.*, kernel.msg*, kernel.sem, kernel.shm*',
        exitCode: 125,
      },
    );
  return [name, text.slice(at + 1)];
}

function securityOptions(options: readonly string[]): SecurityOptions {
  let found: SecurityOptions = {};
  for (const option of options) {
    const [, key = '', value] = /^([^=:]+)(?:[=:](.*))?$/s.exec(option) ?? [];
    const truth = parseBoolean(value ?? 'true');
    if (key === 'no-new-privileges' && truth !== null) found = { ...found, noNewPrivileges: truth };
    else if (key === 'seccomp' && value) found = { ...found, ...seccomp(value) };
    else if (key === 'apparmor' && value) found = value === 'unconfined' ? found : { ...found, apparmor: value };
    else if (key === 'systempaths' && value === 'unconfined') found = { ...found, systemPathsUnconfined: true };
    else if (key === 'label' && value === 'disable')
      continue; // no labels are set here
    else
      throw new MicaError('invalid-argument', `invalid --security-opt: ${JSON.stringify(option)}`, {
        subject: '--security-opt',
        hint: 'seccomp=FILE, seccomp=unconfined, no-new-privileges, apparmor=PROFILE, label=disable, systempaths=unconfined',
        exitCode: 125,
      });
  }
  return found;
}

function seccomp(value: string): SecurityOptions {
  if (value === 'unconfined') return { seccomp: null };
  if (value === 'builtin') return {};
  try {
    const profile: unknown = JSON.parse(readSmallFile(value).toString());
    // A null would mean what `unconfined` does.
    if (typeof profile !== 'object' || profile === null || Array.isArray(profile)) throw new Error('no JSON object');
    return { seccomp: profile as Readonly<Record<string, unknown>> };
  } catch (cause) {
    const why = 'code' in (cause as Error) ? wrapSystemError(cause, 'open', value) : (cause as Error);
    throw new MicaError('invalid-argument', `opening seccomp profile (${value}) failed: ${why.message}`, {
      subject: value,
      exitCode: 125,
      cause,
    });
  }
}
