import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { resolveGroups, resolveUser } from '../../src/container/user.ts';

const root = mkdtempSync(join(tmpdir(), 'mica-user-'));
beforeAll(() => {
  mkdirSync(join(root, 'etc'));
  writeFileSync(
    join(root, 'etc/passwd'),
    'root:x:0:0:root:/root:/bin/sh\nbob:x:1000:1000::/tmp:/bin/sh\n1002:x:1500:1500::/:/bin/sh\n',
  );
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\nbob:x:1000:\nwheel:x:10:bob\n33:x:34:\n');
});
afterAll(() => rmSync(root, { recursive: true }));

// As docker 20.10 has them.
it.each([
  ['', [0, 0, [0], '/root']],
  [':', [0, 0, [0], '/root']],
  ['bob', [1000, 1000, [1000, 10], '/tmp']],
  ['bob:', [1000, 1000, [1000, 10], '/tmp']],
  ['bob:wheel', [1000, 10, [10], '/tmp']],
  [':wheel', [0, 10, [10], '/root']],
  ['2147483647', [2147483647, 0, [0], '/']],
  ['7:9', [7, 9, [9], '/']],
  ['1002:33', [1002, 33, [33], '/']], // there are names of digits, too: a number is never one
])('%j', (text, expected) => {
  const { uid, gid, additionalGids, home } = resolveUser(root, text);
  expect([uid, gid, additionalGids, home]).toEqual(expected);
});

it.each(['-1', '2147483648', '99999999999', '0:99999999999', 'bob:-1'])('%j is out of range', (text) => {
  expect(() => resolveUser(root, text)).toThrow('uids and gids must be in range 0-2147483647');
});

it('a name that is not there, a group out of range', () => {
  expect(() => resolveUser(root, 'eve')).toThrow('unable to find user eve: no matching entries in passwd file');
  expect(() => resolveUser(root, 'bob:eves')).toThrow('unable to find group eves: no matching entries in group file');
  expect(() => resolveGroups(root, ['99999999999'])).toThrow('uids and gids must be in range');
  expect(resolveGroups(root, ['wheel', '12'])).toEqual([10, 12]);
});
