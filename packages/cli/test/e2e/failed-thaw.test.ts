import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { patience, testStore } from '../support/store.ts';

const store = testStore();

/** The first write that would let a container go on fails; which file that was to is noted. */
const failing = (freezer: string) => `
const fs = require('node:fs');
const { write } = fs;
fs.write = (fd, word, ...rest) => {
  const file = fs.readlinkSync('/proc/self/fd/' + fd);
  if (!/freez/.test(file) || !/^(THAWED|0)$/.test(word) || fs.existsSync('${freezer}')) return write(fd, word, ...rest);
  fs.writeFileSync('${freezer}', file);
  rest.pop()(Object.assign(new Error('EBUSY: resource busy or locked, write'), { code: 'EBUSY', syscall: 'write' }));
};
`;

it('a container that a commit cannot thaw goes on by itself once that has ended', async () => {
  store.start('box', 'exec sleep 1000');
  const [hook, freezer] = [join(store.work, 'failing.cjs'), join(store.work, 'freezer')];
  writeFileSync(hook, failing(freezer));
  const failed = store.run(['commit', 'box', 'box:1'], { env: { NODE_OPTIONS: `--require=${hook}` } });
  expect(failed).toMatchObject({ code: 1, err: expect.stringMatching(/thaw container .*: resource busy/) });
  const state = () => readFileSync(readFileSync(freezer, 'utf8'), 'latin1');
  await expect.poll(state, patience).toMatch(/^(THAWED|0)\n$/);
  store.ok(['commit', 'box', 'box:1']);
});
