import { MicaError } from '../error.ts';
import { readInRoot } from '../system/in-root.ts';

export interface UserIds {
  readonly uid: number;
  readonly gid: number;
  readonly additionalGids: readonly number[];
  readonly home: string;
}

const ofContainer = "names are those of the container's own /etc/passwd and /etc/group; a number needs no line there";

/** `USER[:GROUP]`, each a name or a number, against the container's own /etc/passwd and /etc/group. */
export function resolveUser(rootfs: string, text: string): UserIds {
  const [user = '', group] = (text || '0').split(':', 2);
  const passwd = table(rootfs, 'etc/passwd');
  const groups = table(rootfs, 'etc/group');
  const row = passwd.find((fields) => fields[0] === user) ?? passwd.find((fields) => fields[2] === user);
  if (!row && !/^\d+$/.test(user))
    throw new MicaError('invalid-argument', `unable to find user ${user}: no matching entries in passwd file`, {
      subject: user,
      hint: ofContainer,
    });
  const uid = Number(row?.[2] ?? user);
  const name = row?.[0];
  let gid = Number(row?.[3] ?? 0);
  if (group !== undefined) {
    const found = groups.find((fields) => fields[0] === group);
    if (!found && !/^\d+$/.test(group))
      throw new MicaError('invalid-argument', `unable to find group ${group}: no matching entries in group file`, {
        subject: group,
        hint: ofContainer,
      });
    gid = Number(found?.[2] ?? group);
  }
  const more =
    group === undefined
      ? groups.filter((fields) => name !== undefined && (fields[3] ?? '').split(',').includes(name))
      : [];
  return {
    uid,
    gid,
    additionalGids: [...new Set([gid, ...more.map((fields) => Number(fields[2]))])],
    home: row?.[5] || '/',
  };
}

/** `--group-add`: numbers, or names in the container's own /etc/group. */
export function resolveGroups(rootfs: string, names: readonly string[]): number[] {
  if (names.length === 0) return [];
  const groups = table(rootfs, 'etc/group');
  return names.map((name) => {
    const found = groups.find((fields) => fields[0] === name)?.[2] ?? (/^\d+$/.test(name) ? name : undefined);
    if (found !== undefined) return Number(found);
    throw new MicaError('invalid-argument', `Unable to find group ${name}: no matching entries in group file`, {
      subject: name,
      hint: ofContainer,
    });
  });
}

/** Lines of a colon-separated file of the container; none if it is not there. */
function table(rootfs: string, file: string): string[][] {
  return (readInRoot(rootfs, file, 1 << 22) ?? '')
    .split('\n')
    .filter(Boolean)
    .map((line) => line.split(':'));
}
