import { resolve } from 'node:path';
import type { MountRequest } from '@mica/engine';
import { expect, it } from 'vitest';
import { storage } from '../../src/flags/storage.ts';

function parse(flag: string, value: string): MountRequest | undefined {
  const none = { volume: [], mount: [], tmpfs: [], volumesFrom: [] };
  const name = { '-v': 'volume', '--mount': 'mount', '--tmpfs': 'tmpfs' }[flag] as 'volume';
  return storage.read({ ...none, [name]: [value] }).mounts?.[0];
}

// docker's command line refuses with 125; what its daemon refuses is 1 of create, and run makes 125 of it.
it.each([
  ['-v', 'foo:bar', "invalid mount path: 'bar' mount path must be absolute", 1],
  ['-v', '/a:/b:zz', 'invalid mode: zz', 1],
  ['-v', '/a:/b:ro,rw', 'invalid mode: ro,rw', 1],
  ['-v', '/a:/', "destination can't be '/'", 1],
  ['-v', ':/f', 'empty section between colons', 1],
  ['-v', '/x:ro', "invalid volume specification: '/x:ro'", 1],
  ['-v', '/tmp:/x:rshared', 'mount propagation rshared is not supported', 125],
  ['--mount', 'type=volume', 'target is required', 125],
  ['--mount', 'type=bind,dst=/x', 'field Source must not be empty', 1],
  ['--mount', 'type=nfs,dst=/x', 'invalid mount type: "nfs"', 125],
  ['--mount', 'type=bind,src=/tmp,dst=/x,volume-nocopy', "cannot mix 'volume-*' options with mount type 'bind'", 125],
  ['--mount', 'type=bind,src=/tmp,dst=/x,bogus=1', "unexpected key 'bogus' in 'bogus=1'", 125],
  ['--mount', 'type=bind,src=/tmp,dst=/x,', "invalid field '' must be a key=value pair", 125],
  ['--mount', 'type=bind,,src=/tmp,dst=/x', "invalid field '' must be a key=value pair", 125],
  ['--mount', 'word', "invalid field 'word' must be a key=value pair", 125],
  ['--tmpfs', '/t:bogus', 'Invalid tmpfs option "bogus"', 1],
])('%s %s: %s, exit code %d', (flag, value, message, exitCode) => {
  expect(() => parse(flag, value)).toThrow(
    expect.objectContaining({ exitCode, message: expect.stringContaining(message) }),
  );
});

it.each<[string, string, Partial<MountRequest>]>([
  ['-v', '/x', { type: 'volume', target: '/x' }],
  ['-v', 'name:/x:nocopy,ro', { type: 'volume', source: 'name', target: '/x', noCopy: true, readOnly: true }],
  ['-v', '/h:/x', { type: 'bind', source: '/h', target: '/x', readOnly: false, createSource: true }],
  [
    '-v',
    './h:/x:ro,z,rslave',
    { type: 'bind', source: resolve('h'), readOnly: true, propagation: 'rslave', mode: 'ro,z,rslave' },
  ],
  ['--mount', 'dst=/x', { type: 'volume', target: '/x' }],
  [
    '--mount',
    'type=bind,"src=/a,b",dst=/x,ro=1',
    { type: 'bind', source: '/a,b', target: '/x', readOnly: true, createSource: false },
  ],
  ['--mount', 'type=bind,src=/a,dst=/x,bind-recursive=disabled', { nonRecursive: true }],
  ['--mount', 'src=n,target=/x,volume-nocopy,volume-label=a=b', { source: 'n', noCopy: true, labels: { a: 'b' } }],
  ['--mount', 'type=tmpfs,dst=/x,tmpfs-size=1.5m,tmpfs-mode=0700', { options: ['size=1572864', 'mode=0700'] }],
  ['--mount', 'type=bind,src=/a,dst=/x,bind-propagation=', { source: '/a' }],
  ['--tmpfs', '/x:', { type: 'tmpfs', options: [] }],
  ['--tmpfs', '/x', { type: 'tmpfs', target: '/x', options: [] }],
  ['--tmpfs', '/x:ro,size=1m', { readOnly: true, options: ['size=1m'] }],
])('%s %s', (flag, value, wanted) => {
  expect(parse(flag, value)).toMatchObject(wanted);
});

it('the same -v twice is one, of two --tmpfs for a path the last counts, as in docker', () => {
  const none = { mount: [], volumesFrom: [] };
  const { mounts } = storage.read({ ...none, volume: ['a:/d', '/x', 'a:/d', '/x'], tmpfs: ['/t', '/t:size=1m'] });
  expect(mounts?.map(({ type, target }) => `${type} ${target}`)).toEqual(['volume /d', 'volume /x', 'tmpfs /t']);
  expect(mounts?.[2]).toEqual(parse('--tmpfs', '/t:size=1m'));
});
