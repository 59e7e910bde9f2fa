import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { bin, patience, testStore } from '../support/store.ts';

const store = testStore();

/** Ends the thread that has frozen the container of this ID: as one without memory ends, it undoes nothing. */
const ending = (id: string, freezer: string) => `
const { isMainThread } = require('node:worker_threads');
const fs = require('node:fs');
const { write } = fs;
if (!isMainThread)
  fs.write = (fd, ...rest) => {
    const file = fs.readlinkSync('/proc/self/fd/' + fd);
    const done = rest.pop();
    write(fd, ...rest, (...outcome) => {
      done(...outcome);
      if (!/${id}.*freez/.test(file)) return;
      fs.writeFileSync('${freezer}', file);
      process.exit(7);
    });
  };
`;

it('a thread that ends while its container is frozen: that one goes on at once, and can be committed', async () => {
  for (const name of ['lost', 'kept']) store.start(name, 'echo a > /file; exec sleep 1000');
  const id = store.ok(['inspect', '--format', '{{.Id}}', 'lost']).trim();
  const [hook, freezer] = [join(store.work, 'ending.cjs'), join(store.work, 'freezer')];
  writeFileSync(hook, ending(id, freezer));
  // Reading it takes as long as nobody stops the command: what the thread left is not left to the command's end.
  store.ok(['exec', 'kept', 'truncate', '-s', '20G', '/large']);
  const commit = spawn(bin, ['commit', '--jobs', '2', '--json', 'lost', 'kept'], {
    env: { ...process.env, MICA_ROOT: store.root, NODE_OPTIONS: `--require=${hook}` },
  });
  const closed = once(commit, 'close');
  let out = '';
  commit.stdout.on('data', (data) => {
    out += data;
  });
  await expect.poll(() => out, patience).toMatch(/"container":"lost".*worker exited/);
  expect(readFileSync(readFileSync(freezer, 'utf8'), 'latin1')).toMatch(/THAWED|0/);
  store.ok(['commit', 'lost', 'lost:1']);
  expect(commit.exitCode).toBe(null);
  commit.kill('SIGINT');
  await closed;
});

/** As where no more processes are allowed, and Node finds that out by itself. */
const NO_THREADS = `
require('node:worker_threads').Worker = class {
  constructor() {
    throw Object.assign(new Error('EAGAIN'), { code: 'ERR_WORKER_INIT_FAILED' });
  }
};
`;

it('threads that cannot be started: each container of the batch says so, and what would help', () => {
  const hook = join(store.work, 'no-threads.cjs');
  writeFileSync(hook, NO_THREADS);
  for (const name of ['thin1', 'thin2']) store.ok(['create', '--name', name, 'base:1', 'true']);
  const { code, out, err } = store.run(['commit', '--jobs', '2', '--filter', 'name=thin'], {
    env: { NODE_OPTIONS: `--require=${hook}` },
  });
  expect(code).toBe(1);
  expect(out).toMatch(/^thin1 .* failed\nthin2 .* failed\n$/m);
  for (const name of ['thin1', 'thin2'])
    expect(err).toContain(`mica: ${name}: a thread could not be started: EAGAIN\n`);
  expect(err).toMatch(/\n {2}ulimit -n, ulimit -u .*\n$/);
});
