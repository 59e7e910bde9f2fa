import { existsSync, globSync } from 'node:fs';
import { defineConfig } from 'vitest/config';
import LongestFirst from './scripts/longest-first.ts';

const privileged = process.getuid?.() === 0;
// Real mounts and containers: root's. In CI they must run, so there they are never left out.
const needRoot = [
  'packages/engine/test/{layer,layer-rules,runtime,system,tree,e2e}/**',
  'packages/engine/test/commit/layer-file.test.ts',
  'packages/cli/test/e2e/**',
  'packages/bench/test/check.test.ts',
];
// A disk that is a file.
const needLoop = ['packages/engine/test/system/power-cut.test.ts'];
const leftOut: string[] = [];
function leaveOut(tests: readonly string[], why: string): void {
  if (process.env.CI === 'true') return;
  leftOut.push(...tests);
  console.warn(`LEFT OUT: all tests in ${tests.join(' and ')}: ${why}`);
}
if (!privileged) leaveOut(needRoot, 'they mount and run containers, which needs root');
else if (!existsSync('/dev/loop-control')) leaveOut(needLoop, 'they mount files, which needs loop devices');

// What these measure, or change for a while, is the whole process's: its memory, environment, umask, clock, listeners, mounts,
// open files, modules.
const alone = [
  'packages/core-wasm/test/{hash/pace,tar/end}.test.ts',
  'packages/engine/test/archive/load-directory.test.ts',
  'packages/engine/test/commit/{layer-file,memory,pack-through,sink}.test.ts',
  'packages/engine/test/container/{env,monitor}.test.ts',
  'packages/engine/test/layer/unlisted.test.ts',
  'packages/engine/test/layer-rules/{apply-escape,archives}.test.ts',
  'packages/engine/test/network/foreign-firewall.test.ts',
  'packages/engine/test/system/{call-list,power-cut}.test.ts',
  'packages/engine/test/{registry,runtime,e2e}/**',
  'packages/cli/test/{bundle,e2e}/**',
  'packages/bench/test/{check,contest,interrupt}.test.ts',
];
const every = 'packages/*/test/**/*.test.ts';
const shared = globSync(every, { cwd: import.meta.dirname, exclude: alone });
const outside = ['**/node_modules/**', ...leftOut];

export default defineConfig({
  test: {
    // Only what hangs meets it: on a busy machine a launch takes a second, and some tests make forty.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    pool: 'forks',
    // One more than the processors that CI has: a good part of these tests waits, for containers, servers and disks.
    // Four took as long as three.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    // No process of a command's goes on after it: a test's store is removed at any moment.
    env: { MICA_HELPER: 'off' },
    reporters: ['default', './scripts/closing-line.ts'],
    // A process and its modules for each file were 0.6 s of a processor: of 46 small ones 62 s, together in three 33.
    projects: [
      { extends: true, test: { name: 'alone', include: [every], exclude: [...outside, ...shared] } },
      { extends: true, test: { name: 'together', include: shared, exclude: outside, isolate: false } },
    ],
  },
});
