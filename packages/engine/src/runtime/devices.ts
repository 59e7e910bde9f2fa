import { existsSync, lstatSync, readdirSync, statSync } from 'node:fs';
import type { DeviceRequest } from '../contract/run.ts';
import { MicaError } from '../error.ts';

export interface DeviceNode {
  readonly path: string;
  readonly type: 'c' | 'b';
  readonly major: number;
  readonly minor: number;
  readonly fileMode: number;
  readonly uid: number;
  readonly gid: number;
}
export interface DeviceRule {
  readonly allow: boolean;
  readonly type?: string;
  readonly major?: number;
  readonly minor?: number;
  readonly access: string;
}

/**
 * `--device`: the nodes to make and the rules that open them; a folder stands for all devices below. Of each start, not
 * of when the container is made: a disk may be plugged in later, and is then there under another number, perhaps.
 */
export function requestedDevices(requests: readonly DeviceRequest[]): { nodes: DeviceNode[]; rules: DeviceRule[] } {
  const nodes: DeviceNode[] = [];
  const rules: DeviceRule[] = [];
  for (const { source, target, access } of requests) {
    const found = below(source, target);
    if (found.length === 0) {
      const why = existsSync(source) ? 'not a device node' : 'no such file or directory';
      throw new MicaError(
        'no-such-path',
        `error gathering device information while adding custom device "${source}": ${why}`,
        { subject: source, hint: 'ls /dev shows what the host has; the module that makes it may not be loaded' },
      );
    }
    nodes.push(...found);
    rules.push(...found.map(({ type, major, minor }) => ({ allow: true, type, major, minor, access })));
  }
  return { nodes, rules };
}

/** `--device-cgroup-rule`: `TYPE MAJOR:MINOR ACCESS`, as the kernel's devices.allow has it. @throws MicaError invalid-argument */
export function deviceRule(text: string): DeviceRule {
  const [, type, major, minor, access] = /^([acb]) (\d+|\*):(\d+|\*) ([rwm]{1,3})$/.exec(text) ?? [];
  if (type === undefined || access === undefined)
    throw new MicaError('invalid-argument', `invalid device cgroup format '${text}'`, {
      subject: '--device-cgroup-rule',
      hint: "expected 'TYPE MAJOR:MINOR ACCESS': c 1:3 rwm",
      exitCode: 125,
    });
  const number = (key: 'major' | 'minor', value = '*') => (value === '*' ? {} : { [key]: Number(value) });
  return { allow: true, type, ...number('major', major), ...number('minor', minor), access };
}

/** Every device of the machine, for `--privileged`; what is the container's own is left out. */
export function hostDevices(): DeviceNode[] {
  const own = /^\/dev\/(pts|shm|fd|mqueue|console|ptmx|full|null|random|tty|urandom|zero)(\/|$)/;
  return below('/dev', '/dev').filter(({ path }) => !own.test(path));
}

function below(source: string, target: string): DeviceNode[] {
  try {
    if (lstatSync(source).isDirectory())
      return readdirSync(source).flatMap((name) =>
        lstatSync(`${source}/${name}`).isSymbolicLink() ? [] : below(`${source}/${name}`, `${target}/${name}`),
      );
    const stat = statSync(source, { bigint: true });
    if (!stat.isBlockDevice() && !stat.isCharacterDevice()) return [];
    return [
      {
        path: target,
        type: stat.isBlockDevice() ? 'b' : 'c',
        ...numbers(stat.rdev),
        fileMode: Number(stat.mode) & 0o777,
        uid: Number(stat.uid),
        gid: Number(stat.gid),
      },
    ];
  } catch {
    return []; // gone, or not ours to see
  }
}

/** glibc's packing of a device number (gnu_dev_major, gnu_dev_minor), as st_rdev has it. */
function numbers(device: bigint): { major: number; minor: number } {
  return {
    major: Number(((device >> 32n) & 0xfffff000n) | ((device >> 8n) & 0xfffn)),
    minor: Number(((device >> 12n) & 0xffffff00n) | (device & 0xffn)),
  };
}
