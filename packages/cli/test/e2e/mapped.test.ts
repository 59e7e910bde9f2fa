import { spawnSync } from 'node:child_process';
import { realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { patience, testStore } from '../support/store.ts';

const store = testStore();

// perl is part of every Debian, and makes system calls by their numbers (mmap, read); it runs by the host's loader.
const machine = {
  x64: { triplet: 'x86_64-linux-gnu', loader: '/lib64/ld-linux-x86-64.so.2', mmap: 9, read: 0 },
  arm64: { triplet: 'aarch64-linux-gnu', loader: '/lib/ld-linux-aarch64.so.1', mmap: 222, read: 63 },
}[process.arch as 'x64' | 'arm64'];

/** Maps /data/file, and has the kernel put what comes from /io/in there, three bytes at a time. */
const SCRIPT = `
open(F, "+<", "/data/file") or die "$!"; open(IN, "+<", "/io/in") or die "$!"; $| = 1;
$at = syscall(${machine.mmap}, 0, 8192, 3, 1, fileno(F), 0); print "mapped\\n";
while (syscall(${machine.read}, fileno(IN), $at, 3) == 3) { print "written\\n" }`;

it.each([[], ['--incremental']].map((flags) => ({ flags })))(
  'what is written to a mapped file between two commits is in the second: $flags',
  async ({ flags }) => {
    const io = join(store.work, 'io');
    spawnSync('sh', ['-c', 'mkdir -p "$0" && rm -f "$0/in" && mkfifo "$0/in"', io]);
    const perl = `/host${realpathSync(machine.loader)} --library-path /host/lib/${machine.triplet} /host/usr/bin/perl -e '${SCRIPT}'`;
    const start = 'mkdir -p /data && head -c 8192 /dev/zero > /data/file && ln /data/file /data/name && exec';
    store.start('box', `${start} ${perl}`, '-v', '/:/host:ro', '-v', `${io}:/io`);
    const said = () => store.ok(['logs', 'box']).split('\n').filter(Boolean);
    await expect.poll(said, patience).toEqual(['mapped']);
    // No other command between a write and the next: one that syncs the disk would have the kernel note the next write.
    const texts = ['one', 'two', 'six'];
    for (const [n, text] of texts.entries()) {
      writeFileSync(join(io, 'in'), text);
      await sleep(200); // older than what is taken for young
      store.ok(['commit', ...flags, 'box', `saved:${n}`]);
    }
    expect(said()).toHaveLength(1 + texts.length);
    const seen = texts.map((_, n) => store.ok(['cat', `saved:${n}:/data/name`]).slice(0, 3));
    expect(seen).toEqual(texts);
    store.ok(['rm', '-f', 'box']);
  },
);
