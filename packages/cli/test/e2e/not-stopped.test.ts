import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CommitBench } from '../support/commit-bench.ts';

const bin = fileURLToPath(new URL('../../../../bin/mica', import.meta.url));
let bench: CommitBench;
beforeAll(async () => {
  bench = await CommitBench.make();
  const large = Buffer.alloc(100 << 20, 'x');
  await bench.made('box', { a: large, b: large, c: large });
});
afterAll(async () => {
  await bench.clear();
  bench.close();
});

it.each([
  ['of one', ['commit', '--full', 'box', 'made:1']],
  ['of many', ['commit', '--full', '--all', '--tag', 'made:2']],
])('Ctrl-Z does not stop a commit %s, which would leave its container frozen', async (_, args) => {
  const run = spawn(bin, args, { env: { ...process.env, MICA_ROOT: bench.root }, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  run.stderr.on('data', (text) => {
    said += text;
  });
  const ended = once(run, 'close');
  while (run.exitCode === null && readdirSync(join(bench.root, 'blobs/tmp')).length === 0) await sleep(1);
  run.kill('SIGTSTP');
  // Were it stopped, this would be waited for until the test's time is over.
  const [code] = await ended;
  expect({ code, said }).toEqual({
    code: 0,
    said: 'mica: not stopped, for a commit keeps its container still meanwhile: Ctrl-C ends it\n',
  });
});
