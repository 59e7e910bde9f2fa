import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { FaultRegistry } from '../../../engine/test/support/fault-registry.ts';
import { makeTar } from '../../../engine/test/support/tar.ts';
import { UploadRegistry } from '../../../engine/test/support/upload-registry.ts';
import { bin, MicaBench } from '../support/mica.ts';

/** Of all tests: base:2, saved. */
const seeded = new MicaBench();
const saved = () => join(seeded.dir, 'two.tar');
beforeAll(async () => {
  await seeded.seed('seed');
  seeded.ok('seed', ['save', '-o', saved(), 'base:2']);
});
afterAll(() => seeded.close());

let bench: MicaBench;
let registry: FaultRegistry;
beforeEach(async () => {
  bench = new MicaBench();
  registry = await FaultRegistry.start();
});
afterEach(async () => {
  await registry.stop();
  bench.close();
});

/** Runs a program on a disk of 32 MiB that nobody else sees, its store there; afterwards the KiB that are left. */
async function onSmallDisk(
  program: string,
  args: readonly string[],
): Promise<{ code: number | null; err: string; left: number }> {
  const disk = join(bench.dir, 'disk');
  mkdirSync(disk, { recursive: true });
  const script =
    'mount -t tmpfs -o size=32m none "$1" && shift && "$@" > /dev/null; code=$?; df -k --output=avail "$MICA_ROOT"; exit $code';
  const child = spawn('unshare', ['-m', 'sh', '-c', script, 'sh', disk, program, ...args], {
    env: { ...process.env, ...bench.env, MICA_ROOT: disk },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const streams = Promise.all([buffer(child.stdout), buffer(child.stderr)]);
  const [code] = (await once(child, 'close')) as [number | null];
  const [out, err] = await streams;
  return { code, err: err.toString(), left: Number(/\d+/.exec(out.toString())?.[0]) };
}

it('a bomb, a layer and an archive that do not fit: refused before the disk is full, nothing left behind', async () => {
  // What is legal for gzip: 64 MiB of one file in 64 KiB.
  const bomb = gzipSync(await makeTar([{ name: 'zeros', body: Buffer.alloc(64 << 20) }]));
  await registry.image('bomb', [[{ name: 'zeros', body: Buffer.alloc(64 << 20) }]]);
  const pulled = await onSmallDisk(bin, ['pull', '-q', `${registry.host}/team/app:bomb`]);
  expect(pulled).toMatchObject({ code: 1, err: expect.stringContaining('does not fit') });
  expect(pulled.left).toBeGreaterThan(27 << 10);

  writeFileSync(join(bench.dir, 'bomb.tar.gz'), bomb);
  const imported = await onSmallDisk(bin, ['import', join(bench.dir, 'bomb.tar.gz'), 'bomb']);
  expect(imported).toMatchObject({ code: 1, err: expect.stringContaining('does not fit') });
  expect(imported.left).toBeGreaterThan(27 << 10);

  const archive = await makeTar([{ name: 'l/layer.tar', body: Buffer.alloc(64 << 20) }]);
  writeFileSync(join(bench.dir, 'archive.tar.gz'), gzipSync(archive));
  const loaded = await onSmallDisk(bin, ['load', '-i', join(bench.dir, 'archive.tar.gz')]);
  expect(loaded).toMatchObject({ code: 1, err: expect.stringContaining('does not fit') });
  expect(loaded.left).toBeGreaterThan(27 << 10);
});

it('a pull that fills the disk all the same (nothing is kept free): what was downloaded does not stay on it', async () => {
  const layers = [0, 1].map((i) => [{ name: `noise${i}`, body: randomBytes(24 << 20) }]);
  await registry.image('large', layers);
  const args = ['MICA_DISK_RESERVE=0', bin, 'pull', '-q', `${registry.host}/team/app:large`];
  const pulled = await onSmallDisk('env', args);
  expect(pulled).toMatchObject({ code: 1, err: expect.stringContaining('no space left on device') });
  expect(pulled.left).toBeGreaterThan(27 << 10);
});

it.each([
  ['squash', ['squash', 'base:2']],
  ['flatten', ['flatten', 'base:2']],
  ['unpack', ['unpack', 'base:2', 'out']],
  ['run', ['run', '--rm', '--network', 'none', 'base:2', 'true']],
])(
  '%s where there is no room to unpack the image: which layer, and what to do, and nothing of it stays',
  async (_, args) => {
    const script =
      '"$0" load -q -i "$1" > /dev/null; shift; zeros() { head -c "$1" /dev/zero 2> /dev/null; }; ' +
      'zeros 200K > spare; zeros 100M > fill; rm spare; exec "$0" "$@"';
    const done = await onSmallDisk('sh', ['-c', `cd "$MICA_ROOT" && ${script}`, bin, saved(), ...args]);
    expect(done).toMatchObject({
      code: args[0] === 'run' ? 125 : 1,
      err: expect.stringMatching(
        /^mica: unpack (layer [0-9a-f]{12}|out): no space left on device\n {2}free some space .*\n$/,
      ),
    });
    expect(done.left).toBeGreaterThan(100);
  },
);

it('rm -f of a container that runs, on a disk that is full to its last byte: it goes, and its room is free', async () => {
  const script =
    '"$0" load -q -i "$1" > /dev/null; "$0" run -d --name busy --network none base:2 sh -c ' +
    '"head -c 500000 /dev/zero > /junk; while :; do sleep 1; done" > /dev/null; ' +
    'until [ "$(find containers -name junk -size +480k)" ]; do sleep 0.1; done; rm -f reserve; ' +
    'cat /dev/zero > fill 2> /dev/null; "$0" rm -f busy; code=$?; "$0" ps -aq >&2; exit $code';
  const args = ['MICA_DISK_RESERVE=0', 'sh', '-c', `cd "$MICA_ROOT" && ${script}`, bin, saved()];
  const done = await onSmallDisk('env', args);
  expect(done).toMatchObject({ code: 0, err: '' });
  expect(done.left).toBeGreaterThan(300);
});

it('what ends and removes works on a disk that is full to its last byte, also when the megabyte for it is gone', async () => {
  const script =
    '"$0" load -q -i "$1" > /dev/null; for name in killed stopped; do ' +
    '"$0" run -d --name $name --network none base:2 sh -c "while :; do sleep 1; done" > /dev/null; done; ' +
    '"$0" create --name never base:2 true > /dev/null; "$0" commit killed next:1 > /dev/null; rm -f reserve; ' +
    'cat /dev/zero > fill 2> /dev/null; "$0" system check && "$0" kill killed && "$0" stop -t 0 stopped && ' +
    '"$0" rm never && "$0" rm killed && "$0" rmi next:1; code=$?; "$0" ps -a --format "{{.Names}} {{.State}}" >&2; exit $code';
  const args = ['MICA_DISK_RESERVE=0', 'sh', '-c', `cd "$MICA_ROOT" && ${script}`, bin, saved()];
  const done = await onSmallDisk('env', args);
  expect(done).toMatchObject({ code: 0, err: 'stopped exited\n' });
});

it('unpack where the inodes end, whichever file is the first without one: no space, and nothing of it stays', async () => {
  const script =
    '"$0" load -q -i "$1" > /dev/null; for more in 7 8; do ' +
    'mount -o remount,nr_inodes=$(($(df --output=iused . | tail -1) + more)) . && "$0" unpack base:2 out; done; ls -A >&2';
  const done = await onSmallDisk('sh', ['-c', `cd "$MICA_ROOT" && ${script}`, bin, saved()]);
  expect(done.err.split('\n').filter((line) => line.includes('unpack'))).toEqual(
    Array(2).fill('mica: unpack out: no space left on device'),
  );
  expect(done.err).not.toMatch(/^out$|[.]out[.]/m);
});

it('push from a disk that is full to its last byte: the registry has all of the image', async () => {
  const uploads = await UploadRegistry.start();
  try {
    const script =
      '"$0" load -q -i "$1" > /dev/null; "$0" tag base:2 "$2"; rm -f reserve; cat /dev/zero > fill 2> /dev/null; ' +
      '"$0" push -q --compression none "$2"';
    const args = ['MICA_DISK_RESERVE=0', 'sh', '-c', `cd "$MICA_ROOT" && ${script}`, bin, saved()];
    const done = await onSmallDisk('env', [...args, `${uploads.host}/up:1`]);
    expect(done).toMatchObject({ code: 0, err: '', left: 0 });
    const manifest = JSON.parse(String(uploads.manifests.get('1')));
    for (const { digest, size } of [manifest.config, ...manifest.layers])
      expect(uploads.blobs.get(digest)?.length).toBe(size);
  } finally {
    await uploads.stop();
  }
});

it('create on a file system without inodes for its folders: what went wrong, what to do, and no container', async () => {
  const script =
    '"$0" load -q -i "$1" > /dev/null; "$0" create --name first base:2 true > /dev/null; ' +
    'mount -o remount,nr_inodes=$(($(df --output=iused . | tail -1) + 2)) . && ' +
    '"$0" create --name box base:2 true; code=$?; "$0" ps -a --format "{{.Names}}" >&2; exit $code';
  const done = await onSmallDisk('sh', ['-c', `cd "$MICA_ROOT" && ${script}`, bin, saved()]);
  expect(done).toMatchObject({
    code: 1,
    err: expect.stringMatching(
      /^mica: create container box: no space left on device\n {2}free some space .*\nfirst\n$/,
    ),
  });
});
