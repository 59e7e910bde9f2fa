import { readFileSync } from 'node:fs';
import { MicaError } from '../error.ts';
import defaults from './docker-defaults.json' with { type: 'json' };

/** By number, linux/capability.h. */
const names =
  'CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE'
    .split(' ')
    .map((name) => `CAP_${name}`);

/** All that this machine lets this process give: `--privileged`. */
export function privilegedCapabilities(): readonly string[] {
  const held = BigInt(`0x${/^CapBnd:\t([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1] ?? '0'}`);
  return names.filter((_, bit) => (held >> BigInt(bit)) & 1n);
}

/**
 * docker's default set with `--cap-add` and `--cap-drop`: names with or without CAP_, any case, or ALL.
 * @throws MicaError invalid-argument for an unknown name, not-supported for one that this machine withholds
 */
export function resolveCapabilities(add: readonly string[], drop: readonly string[]): readonly string[] {
  if (add.length === 0 && drop.length === 0) return defaults.capabilities;
  const added = add.map((text) => canonical(text, '--cap-add'));
  const dropped = drop.map((text) => canonical(text, '--cap-drop'));
  const possible = privilegedCapabilities();
  const base = dropped.includes('ALL') ? [] : added.includes('ALL') ? possible : defaults.capabilities;
  const kept = base.filter((name) => !dropped.includes(name));
  const more = added.includes('ALL') && dropped.includes('ALL') ? possible : added.filter((name) => name !== 'ALL');
  for (const name of more)
    if (!possible.includes(name))
      throw new MicaError('not-supported', `--cap-add ${name}: this machine does not let mica give it`, {
        subject: name,
        hint: 'it is not in the bounding set of the process that runs mica (/proc/self/status, CapBnd)',
      });
  return [...new Set([...kept, ...more])];
}

function canonical(text: string, flag: string): string {
  const name = text.toUpperCase();
  if (name === 'ALL') return name;
  const full = name.startsWith('CAP_') ? name : `CAP_${name}`;
  if (names.includes(full)) return full;
  throw new MicaError(
    'invalid-argument',
    `invalid argument "${text}" for "${flag}" flag: unknown capability: ${full}`,
    {
      subject: text,
      hint: 'one of capabilities(7) for each flag, such as NET_ADMIN, or ALL',
    },
  );
}
