import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { treeLines } from '../../../engine/test/support/tree.ts';
import { bin, MicaBench } from '../support/mica.ts';

const bench = new MicaBench();
const ok = (...args: string[]) => bench.ok('home', args);
/** As that, in this process. */
const okHere = (...args: string[]) => bench.okHere('home', args);
const file = (name: string) => join(bench.dir, name);
const shell = (script: string) => expect(spawnSync('sh', ['-ec', script]).stderr.toString()).toBe('');

beforeAll(() => bench.seed('home'));
afterAll(() => bench.close());

/** The container's tree as the kernel merges it, mounted by mount(8) over the store's own folders. */
async function merged(id: string): Promise<string[]> {
  const dir = file(`home/containers/${id}`);
  const image = JSON.parse(await okHere('inspect', id))[0].Image as string;
  const { rootfs } = JSON.parse(readFileSync(file(`home/blobs/sha256/${image.slice(7)}`), 'utf8'));
  const layers = (rootfs.diff_ids as string[]).map((diffId) => file(`home/layers/${diffId.slice(7)}`)).reverse();
  mkdirSync(file(`merged-${id}`));
  shell(
    `mount -t overlay -o ro,lowerdir=${[`${dir}/upper`, `${dir}/init`, ...layers].join(':')} x ${file(`merged-${id}`)}`,
  );
  try {
    return treeLines(file(`merged-${id}`));
  } finally {
    shell(`umount ${file(`merged-${id}`)}`);
  }
}

it("is the container's very tree, GNU tar the judge: stopped and running, without volumes", async () => {
  const change = `rm /etc/numbers; busybox mkdir -p /d/e; echo x > /d/f; busybox ln /d/f /d/g; busybox ln -s /nowhere /d/l
    busybox mkfifo /d/p; busybox chmod 4711 /d/f; busybox chown 1000:100 /d/e; busybox touch -d 2001-02-03 /d/e; echo v > /v/x`;
  for (const [name, after] of [
    ['stopped', ''],
    ['running', '; : > /ready; while :; do busybox sleep 1; done'],
  ] as const) {
    ok('run', '-d', '--name', name, '-v', '/v', 'base:2', 'sh', '-c', change + after);
    const id = JSON.parse(await okHere('inspect', name))[0].Id as string;
    const upper = file(`home/containers/${id}/upper`);
    if (after === '') ok('wait', name);
    else while (!existsSync(`${upper}/ready`)) spawnSync('sleep', ['0.05']);
    shell(
      `setfattr -n user.a -v b ${upper}/d/f; setfattr -n trusted.b -v c ${upper}/d/e; touch -d '2030-01-02 03:04:05.987654321' ${upper}/d/g`,
    );
    const before = await merged(id);
    ok('export', '-o', file(`${name}.tar`), name);
    const out = file(name);
    mkdirSync(out);
    shell(`tar -C ${out} --xattrs '--xattrs-include=*' --warning=no-timestamp -xpf ${file(`${name}.tar`)}`);
    expect(treeLines(out)).toEqual(before);
    expect(readdirSync(join(out, 'v'))).toEqual([]);
    expect(existsSync(join(out, 'etc/numbers'))).toBe(false);
  }
  // Through a pipe whose reader is slow, and back as an image.
  const piped = spawnSync('sh', ['-c', `"$0" export stopped | (sleep 0.3; cat)`, bin], {
    maxBuffer: 1 << 28,
    env: { ...process.env, MICA_ROOT: file('home') },
  });
  expect(piped.stdout.equals(readFileSync(file('stopped.tar')))).toBe(true);
  bench.ok('home', ['import', '-', 'flat:1'], piped.stdout);
  expect(ok('run', '--rm', 'flat:1', 'sh', '-c', 'cat /d/g')).toBe('x\n');
});

it('bad input is one line and leaves no file', () => {
  const bad = (args: string[], message: string) =>
    expect(bench.run('home', ['export', ...args]), args.join(' ')).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringContaining(message),
    });
  bad(['nobody'], 'No such container: nobody');
  bad(['-o', file('no/where'), 'stopped'], `invalid output path: directory "${file('no')}" does not exist`);
  bad(['-o', bench.dir, 'stopped'], 'is a directory');
  mkdirSync(file('disk'));
  shell(`mount -t tmpfs -o size=256k none ${file('disk')}`);
  try {
    bad(['-o', file('disk/x.tar'), 'stopped'], 'no space left on device');
    expect(readdirSync(file('disk'))).toEqual([]);
    writeFileSync(file('disk/x.tar'), 'old\n');
    bad(['-o', file('disk/x.tar'), 'stopped'], 'no space left on device');
    expect(readFileSync(file('disk/x.tar'), 'utf8')).toBe('old\n');
  } finally {
    shell(`umount ${file('disk')}`);
  }
});
