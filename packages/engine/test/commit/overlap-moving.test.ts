// An upper that is packed while it is scanned, and what happens to it, or to the commit, meanwhile.

import { execFileSync, spawn } from 'node:child_process';
import {
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import type { FreezeTarget } from '../../src/commit/freeze.ts';
import { makeLayer } from '../../src/commit/make-layer.ts';
import { OpenFiles } from '../../src/layer/open-files.ts';
import { enterPrivateMounts, unmount } from '../../src/system/mount.ts';
import { makeNode, S_IFCHR } from '../../src/system/nodes.ts';
import { descriptors, LayerJobs, openBelow, put } from '../support/layer-jobs.ts';

let jobs: LayerJobs;
beforeAll(enterPrivateMounts); // keeps a descriptor of the namespace it came from
beforeEach(() => {
  jobs = new LayerJobs();
});
afterEach(() => {
  vi.restoreAllMocks();
  jobs.close();
});

it.each(['is stopped', 'meets a full disk', 'meets a file that shrinks'])(
  'one that %s gives back what it holds',
  async (how) => {
    const { upper } = jobs;
    for (let i = 0; i < 300; i++) put(join(upper, `f${i + 100}`), 20_000, i);
    const before = descriptors().length;
    const stop = new AbortController();
    const memory = join(jobs.dir, 'memory');
    if (how.includes('disk')) {
      mkdirSync(memory);
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', memory]);
    }
    const one = jobs.job({ overlapFrom: 1, ...(how.includes('disk') ? { file: join(memory, 'layer') } : {}) });
    const meddle = () => {
      if (how === 'is stopped') stop.abort();
      else truncateSync(join(upper, 'f399'), 1);
    };
    const made = makeLayer(one, { signal: stop.signal, onProgress: meddle });
    if (how === 'meets a file that shrinks') {
      // It was not looked at yet: of one that is packed as it is found that is no change.
      expect((await made).made.kind).toBe('layer');
      expect(statSync(join(upper, 'f399')).size).toBe(1);
    } else {
      await expect(made).rejects.toThrow(how.includes('disk') ? 'no space left' : 'aborted');
      expect(existsSync(one.tableFile) || existsSync(one.file)).toBe(false);
    }
    expect(descriptors().length).toBe(before);
    if (how.includes('disk')) unmount(memory);
  },
);

it.each([
  ['', 0, 150, 'zz'],
  [', of which deletions are told', 0, 160, 'whiteout'],
  [', far down', 135, 150, 'zz'],
])(
  'a file that is a folder when it is opened%s is one in the layer, with what is in it',
  async (_, depth, many, last) => {
    const { upper } = jobs;
    const folder = join(upper, ...Array.from({ length: depth }, () => 'd'));
    for (let i = 0; i < many; i++) put(join(folder, `a${i + 100}`), 600, 1);
    put(join(folder, 'b'), 600, 2);
    for (let i = 0; i < 60; i++) put(join(folder, `c${i + 100}`), 600, 3);
    const other = join(jobs.dir, 'other');
    for (let i = 0; i < 60; i++) put(join(other, `x${i + 100}`), 600, 4);
    if (last === 'whiteout') makeNode(join(other, last), S_IFCHR, 0n);
    else put(join(other, last), 5);
    const old = new Date(0);
    utimesSync(folder, old, old);
    const { open } = OpenFiles.prototype;
    vi.spyOn(OpenFiles.prototype, 'open').mockImplementation(function (this: OpenFiles, ...args) {
      // Its name is known by now; in the batch that opens it it is the first, or others come before and after.
      if (this.kinds.includes(8) && existsSync(other)) {
        rmSync(join(folder, 'b'));
        renameSync(other, join(folder, 'b'));
        utimesSync(folder, old, old);
      }
      open.apply(this, args);
    });
    const { made, tar } = await jobs.layer({ overlapFrom: 1 });
    expect(existsSync(other)).toBe(false);
    expect(made.kind).toBe('layer');
    vi.restoreAllMocks();
    expect(tar.equals((await jobs.layer()).tar)).toBe(true);
    expect(openBelow(upper)).toEqual([]);
  },
);

const mmap = { x64: 9, arm64: 222 }[process.arch as 'x64' | 'arm64'];
const read = { x64: 0, arm64: 63 }[process.arch as 'x64' | 'arm64'];
// perl is part of every Debian, and makes system calls by their numbers.
const PERL = `
open(F, "+<", $ARGV[0]) or die "$!"; $| = 1;
$at = syscall(${mmap}, 0, 4096, 3, 1, fileno(F), 0); print "mapped\n";
while (syscall(${read}, 0, $at, 1) == 1) { print "written\n" }`;

it('a file that a process of a container that goes on writes by another name of it is in the next layer', async () => {
  const { upper } = jobs;
  const mapped = join(jobs.dir, 'mapped'); // the path there is that in the container
  put(join(upper, 'aaa/first'), 4096, 65);
  for (let i = 0; i < 2500; i++) put(join(upper, 'm', `f${i}`), 600, 1);
  mkdirSync(join(upper, jobs.dir), { recursive: true });
  linkSync(join(upper, 'aaa/first'), join(upper, mapped));
  linkSync(join(upper, 'aaa/first'), mapped);
  const writer = spawn('/usr/bin/perl', ['-e', PERL, mapped], { stdio: ['pipe', 'pipe', 'inherit'] });
  const said = () => new Promise((resolve) => writer.stdout.once('data', resolve));
  const write = async (byte: string) => {
    const written = said();
    writer.stdin.write(byte);
    await written;
  };
  try {
    await said();
    await write('A');
    await sleep(300);
    const stat = readFileSync(`/proc/${writer.pid}/stat`, 'latin1');
    const freeze: FreezeTarget = {
      id: 'box',
      name: 'box',
      pauses: false,
      by: 'test',
      run: jobs.dir,
      lock: jobs.dir,
      held: new Int32Array(new SharedArrayBuffer(16)),
      runtime: null,
      group: '/nowhere',
      pid: writer.pid as number,
      pidStart: stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] as string,
    };
    const first = jobs.job({ freeze, overlapFrom: 1 });
    let writing: Promise<void> | undefined;
    const onProgress = () => {
      writing ??= write('B');
    };
    const { made } = await makeLayer(first, { onProgress });
    await writing;
    if (made.kind !== 'layer') throw new Error(made.kind);
    const inLayer = execFileSync('tar', ['-xOf', first.file, 'aaa/first']).toString('latin1', 0, 1);
    const last = { file: first.tableFile, young: made.young };
    const again = await makeLayer(jobs.job({ freeze, overlapFrom: 1, last }));
    expect(again.made.kind).toBe(inLayer === 'B' ? 'unchanged' : 'layer');
  } finally {
    writer.kill();
  }
});
