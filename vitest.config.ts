import { defineConfig } from 'vitest/config';
import LongestFirst from './scripts/longest-first.ts';

const privileged = process.getuid?.() === 0;
// Real mounts and containers: root's. In CI they must run, so there they are never left out.
const needRoot = [
  'packages/engine/test/{layer,layer-rules,runtime,system,tree,e2e}/**',
  'packages/cli/test/e2e/**',
  'packages/bench/test/check.test.ts',
];
const leftOut = privileged || process.env.CI === 'true' ? [] : needRoot;
if (leftOut.length > 0)
  console.warn(`LEFT OUT: all tests in ${leftOut.join(' and ')}: they mount and run containers, which needs root`);

export default defineConfig({
  test: {
    include: ['packages/*/test/**/*.test.ts'],
    exclude: ['**/node_modules/**', ...leftOut],
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
  },
});
