import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeTar } from '../../../engine/test/support/tar.ts';
import { Dockerd } from '../support/dockerd.ts';
import { bin, MicaBench } from '../support/mica.ts';

const bench = new MicaBench();
let docker: Dockerd;
const file = (name: string) => join(bench.dir, name);
const digestOf = (bytes: Buffer | string) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
function tool(command: string, ...args: string[]): string {
  const done = spawnSync(command, args);
  if (done.status !== 0) throw new Error(`${command} ${args.join(' ')}: ${done.stderr ?? done.error}`);
  return done.stdout.toString();
}
const idOf = (store: string, name: string) =>
  bench
    .ok(store, ['images', '--no-trunc'])
    .split('\n')
    .find((line) => line.startsWith(`${name.replace(':', ' ')} `) || line.split(/ +/).slice(0, 2).join(':') === name)
    ?.split(/ {2,}/)[2] ?? 'none';
const blobs = (store: string) => {
  const dir = file(`${store}/blobs/sha256`);
  return existsSync(dir) ? readdirSync(dir).sort() : [];
};

beforeAll(async () => {
  docker = await Dockerd.start();
  await bench.seed('home');
  bench.ok('home', ['save', '-o', file('both.tar'), 'base:1', 'base:2']);
});
afterAll(async () => {
  await docker?.stop();
  bench.close();
});

it('save is deterministic, and a load and save again gives the same bytes', async () => {
  const first = readFileSync(file('both.tar'));
  expect(bench.ok('there', ['load'], first)).toBe('Loaded image: base:1\nLoaded image: base:2\n');
  expect(idOf('there', 'base:2')).toBe(idOf('home', 'base:2'));
  await bench.okHere('there', ['save', '-o', file('again.tar'), 'base:1', 'base:2']);
  expect(digestOf(readFileSync(file('again.tar')))).toBe(digestOf(first));
  expect(blobs('there')).toEqual(blobs('home'));
  expect(
    await bench.okHere('there', [
      'run',
      '--network=none',
      '--rm',
      'base:2',
      'sh',
      '-c',
      'cat /etc/numbers | tail -n 1; echo /bin/l*',
    ]),
  ).toMatch(/\/bin\/l\*/);
});

it('docker loads it and runs it, with the same ID; what docker saves comes back', async () => {
  expect(docker.ok(['load', '-i', file('both.tar')])).toBe('Loaded image: base:1\nLoaded image: base:2\n');
  expect(docker.ok(['images', '-q', '--no-trunc', 'base:2']).trim()).toBe(idOf('home', 'base:2'));
  expect(docker.ok(['run', '--rm', '--network', 'none', 'base:2', 'sh', '-c', 'cat /etc/numbers']).trim()).toMatch(
    /^1\n(\d+\n)*100000$/,
  );
  docker.ok(['save', '-o', file('docker.tar'), 'base:1', 'base:2']);
  const out = await bench.okHere('from-docker', ['load', '-i', file('docker.tar')]);
  expect(out.split('\n').sort().join('\n').trim()).toBe('Loaded image: base:1\nLoaded image: base:2');
  expect(idOf('from-docker', 'base:2')).toBe(idOf('home', 'base:2'));
  // The manifest is made from the content, so it is the one the commit made.
  expect(blobs('from-docker')).toEqual(blobs('home'));
  const id = docker.ok(['images', '-q', '--no-trunc', 'base:1']).trim();
  const unnamed = docker.run(['save', id]);
  expect(unnamed.code).toBe(0);
  docker.ok(['save', '-o', file('unnamed.tar'), id]);
  expect(await bench.okHere('unnamed', ['load', '-i', file('unnamed.tar')])).toBe(`Loaded image ID: ${id}\n`);
});

it('skopeo and umoci read it; what skopeo and umoci write comes in', async () => {
  tool('skopeo', 'copy', '-q', `docker-archive:${file('both.tar')}:base:2`, `docker-archive:${file('sk.tar')}:sk:1`);
  tool(
    'skopeo',
    'copy',
    '-q',
    `oci-archive:${file('both.tar')}:2`,
    `oci-archive:${file('sk-oci.tar')}:sk.example/a/b:2`,
  );
  expect(await bench.okHere('skopeo', ['load', '-i', file('sk.tar')])).toBe('Loaded image: sk:1\n');
  expect(await bench.okHere('skopeo', ['load', '-i', file('sk-oci.tar')])).toBe('Loaded image: sk.example/a/b:2\n');
  expect(idOf('skopeo', 'sk:1')).toBe(idOf('home', 'base:2'));
  expect(idOf('skopeo', 'sk.example/a/b:2')).toBe(idOf('home', 'base:2'));

  await bench.okHere('home', ['save', '--format', 'oci-dir', '-o', file('layout'), 'base:2']);
  tool('umoci', 'unpack', '--image', `${file('layout')}:2`, file('bundle'));
  writeFileSync(file('bundle/rootfs/etc/umoci'), 'was here\n');
  tool('umoci', 'repack', '--image', `${file('layout')}:3`, file('bundle'));
  const out = await bench.okHere('umoci', ['load', '-i', file('layout')]);
  expect(out).toBe('Loaded image: base:2\nLoaded image: base:3\n');
  expect(await bench.okHere('umoci', ['run', '--network=none', '--rm', 'base:3', 'cat', '/etc/umoci'])).toBe(
    'was here\n',
  );
});

it('compressed archives, an image that moves a name, all tags of a repository', async () => {
  expect(await bench.okHere('gz', ['load'], gzipSync(readFileSync(file('both.tar'))))).toContain(
    'Loaded image: base:2',
  );
  await bench.okHere('gz', ['tag', 'base:1', 'base:2']);
  expect(await bench.okHere('gz', ['load', '-q', '-i', file('both.tar')])).toContain(
    `The image base:2 already exists, renaming the old one with ID ${idOf('home', 'base:1')} to empty string\n`,
  );
  const saved = bench.ok('home', ['save', 'base']);
  expect(saved).toContain('"RepoTags":["base:1"]');
  expect(saved).toContain('"RepoTags":["base:2"]');
});

it('--since saves only what the other side has not', async () => {
  await bench.okHere('home', ['save', '-o', file('one.tar'), 'base:1']);
  await bench.okHere('home', ['save', '-o', file('delta.tar'), '--since', 'base:1', 'base:2']);
  expect(readFileSync(file('delta.tar')).length).toBeLessThan(readFileSync(file('one.tar')).length / 2);
  expect(await bench.here('delta', ['load', '-i', file('delta.tar')])).toMatchObject({
    code: 1,
    err: expect.stringMatching(/lacks layer .*\n.*--since/),
  });
  expect(blobs('delta')).toEqual([]);
  await bench.okHere('delta', ['load', '-i', file('one.tar')]);
  expect(await bench.okHere('delta', ['load', '-i', file('delta.tar')])).toBe('Loaded image: base:2\n');
  expect(blobs('delta')).toEqual(blobs('home'));
});

it('bad archives: one line, nothing half made', async () => {
  const good = readFileSync(file('both.tar'));
  const config = JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [] } });
  const flipped = Buffer.from(good);
  flipped[flipped.length >> 1] = (flipped[flipped.length >> 1] as number) ^ 1;
  const wrongLayer = JSON.stringify({
    architecture: 'amd64',
    os: 'linux',
    rootfs: { type: 'layers', diff_ids: [digestOf('other')] },
  });
  const docker = (layers: string[], text = config) => [
    { name: 'c.json', body: text },
    { name: 'manifest.json', body: JSON.stringify([{ Config: 'c.json', RepoTags: ['bad:1'], Layers: layers }]) },
  ];
  const cases: [string, Buffer, RegExp][] = [
    ['cut', good.subarray(0, good.length >> 1), /cannot be read|ended|cut/i],
    ['a flipped bit', flipped, /does not match its digest/],
    ['empty', Buffer.alloc(0), /archive is empty/],
    ['rubbish', Buffer.from('rubbish'.repeat(1000)), /cannot be read/],
    [
      "skopeo's dir: and podman's docker-dir",
      await makeTar([{ name: 'manifest.json', body: '{"schemaVersion":2}' }]),
      /not a list\n.*--format oci-archive/,
    ],
    ['another tar', await makeTar([{ name: 'etc/passwd', body: 'root' }]), /neither index.json nor manifest.json/],
    ['no such layer', await makeTar(docker(['gone/layer.tar'], wrongLayer)), /lacks layer gone\/layer.tar/],
    ['too many layers', await makeTar(docker(['gone/layer.tar'])), /layers length mismatch: expected 0, got 1/],
    [
      'another layer',
      await makeTar([
        { name: 'l/layer.tar', body: await makeTar([{ name: 'x' }]) },
        ...docker(['l/layer.tar'], wrongLayer),
      ]),
      /the config expects sha256/,
    ],
    [
      'a layer that is no tar',
      await makeTar([{ name: 'l/layer.tar', body: 'x'.repeat(4096) }, ...docker(['l/layer.tar'], wrongLayer)]),
      /cannot be used: not a tar header/,
    ],
    [
      'a gzip bomb',
      await makeTar([
        { name: 'l/layer.tar', body: gzipSync(Buffer.alloc(1 << 25)).subarray(0, 20_000) },
        ...docker(['l/layer.tar'], wrongLayer),
      ]),
      /cannot be used/,
    ],
    [
      'links in a circle',
      await makeTar([
        { name: 'a.tar', type: 'symlink', linkname: 'b.tar' },
        { name: 'b.tar', type: 'symlink', linkname: 'a.tar' },
        ...docker(['a.tar'], wrongLayer),
      ]),
      /in a circle/,
    ],
    [
      'JSON 1,000 deep',
      await makeTar([{ name: 'manifest.json', body: '['.repeat(1000) + ']'.repeat(1000) }]),
      /nested deeper than/,
    ],
    [
      'a manifest too large',
      await makeTar([{ name: 'manifest.json', body: Buffer.alloc(9 << 20, 0x20) }]),
      /manifest.json is too large/,
    ],
  ];
  for (const [what, bytes, message] of cases) {
    const { code, err } = await bench.here('bad', ['load'], bytes);
    expect(code, what).toBe(1);
    expect(err, what).toMatch(message);
    expect(err, what).not.toMatch(/ at .*\.ts/);
    expect(blobs('bad'), what).toEqual([]);
    expect(existsSync(file('bad/blobs/tmp')) ? readdirSync(file('bad/blobs/tmp')) : [], what).toEqual([]);
  }
  expect(await bench.here('bad', ['load'], flipped)).toMatchObject({
    code: 1,
    err: expect.stringMatching(/does not match its/),
  });
  expect(await bench.okHere('bad', ['images', '-q'])).toBe('');
});

it('a save that cannot be finished leaves no file; a damaged blob is never saved', async () => {
  expect((await bench.here('home', ['save', '-o', file('none/x.tar'), 'base:1'])).err).toMatch(/invalid output path/);
  expect(await bench.here('home', ['save', '-o', file('nope.tar'), 'nope'])).toMatchObject({ code: 1 });
  await bench.okHere('hurt', ['load', '-i', file('one.tar')]);
  const layer = blobs('hurt').find((hex) => readFileSync(file(`hurt/blobs/sha256/${hex}`)).length > 100_000) as string;
  const bytes = readFileSync(file(`hurt/blobs/sha256/${layer}`));
  bytes[5000] = (bytes[5000] as number) ^ 1;
  writeFileSync(file(`hurt/blobs/sha256/${layer}`), bytes);
  mkdirSync(file('out'));
  expect((await bench.here('hurt', ['save', '-o', file('out/x.tar'), 'base:1'])).err).toMatch(
    /^mica: blob .* does not match its digest/,
  );
  expect(readdirSync(file('out'))).toEqual([]);
  // Into a pipe as well nothing fails without a word.
  const damaged = /^mica: blob .* does not match its digest/;
  expect(bench.run('hurt', ['save', 'base:1'])).toMatchObject({ code: 1, err: expect.stringMatching(damaged) });
  const nameless = { code: 1, out: '', err: expect.stringContaining('No such image: nope') };
  expect(await bench.here('home', ['save', 'nope'])).toMatchObject(nameless);
});

it.each([
  ['a full disk', '> /dev/full', /no space left/],
  ['a reader that goes away', '| head -c 1000 > /dev/null', /closed before its end/],
])('save to %s: an error, and a line that says so', (_what, where, message) => {
  const env = { ...process.env, ...bench.env, MICA_ROOT: file('home') };
  const done = spawnSync('bash', ['-c', `set -o pipefail; "$0" save base:1 ${where}`, bin], { env });
  expect([done.status, done.stderr.toString()]).toEqual([1, expect.stringMatching(message)]);
});
