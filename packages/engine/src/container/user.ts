import { MicaError } from '../error.ts';
import { readInRoot } from '../system/in-root.ts';

export interface UserIds {
  readonly uid: number;
  readonly gid: number;
  readonly additionalGids: readonly number[];
  readonly home: string;
}

const ofContainer = "names are those of the container's own /etc/passwd and /etc/group; a number needs no line there";

/**
 * `USER[:GROUP]`, each a name or a number, against the container's own /etc/passwd and /etc/group. docker's: an empty
 * user is root, an empty group as if there were no colon, and a number is one also where somebody has it for a name.
 */
export function resolveUser(rootfs: string, text: string): UserIds {
  const [user, group = ''] = text.split(':', 2) as [string, string?];
  const passwd = table(rootfs, 'etc/passwd');
  const groups = table(rootfs, 'etc/group');
  const byNumber = user === '' || isNumber(user);
  const row = passwd.find((fields) => (byNumber ? fields[2] === (user || '0') : fields[0] === user));
  if (!row && !byNumber)
    throw new MicaError('invalid-argument', `unable to find user ${user}: no matching entries in passwd file`, {
      subject: user,
      hint: ofContainer,
    });
  const uid = inRange(row?.[2] ?? (user || '0'));
  const name = row?.[0];
  let gid = Number(row?.[3] ?? 0);
  if (group !== '') {
    const found = isNumber(group) ? undefined : groups.find((fields) => fields[0] === group);
    if (!found && !isNumber(group))
      throw new MicaError('invalid-argument', `unable to find group ${group}: no matching entries in group file`, {
        subject: group,
        hint: ofContainer,
      });
    gid = inRange(found?.[2] ?? group);
  }
  const more =
    group === '' ? groups.filter((fields) => name !== undefined && (fields[3] ?? '').split(',').includes(name)) : [];
  return {
    uid,
    gid,
    additionalGids: [...new Set([gid, ...more.map((fields) => Number(fields[2]))])],
    home: row?.[5] || '/',
  };
}

function isNumber(text: string): boolean {
  return /^-?\d+$/.test(text);
}

/** docker's; the kernel would take twice as many, the runtimes' own numbers are signed. */
function inRange(text: string): number {
  const id = Number(text);
  if (id >= 0 && id <= 2 ** 31 - 1) return id;
  throw new MicaError('invalid-argument', 'uids and gids must be in range 0-2147483647', {
    subject: text,
    hint: `${text} is not; ${ofContainer}`,
  });
}

/** `--group-add`: numbers, or names in the container's own /etc/group. */
export function resolveGroups(rootfs: string, names: readonly string[]): number[] {
  if (names.length === 0) return [];
  const groups = table(rootfs, 'etc/group');
  return names.map((name) => {
    const found = groups.find((fields) => fields[0] === name)?.[2] ?? (isNumber(name) ? name : undefined);
    if (found !== undefined) return inRange(found);
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
