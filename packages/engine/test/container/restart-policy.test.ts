import { expect, it } from 'vitest';
import { wantsRestart } from '../../src/container/restart-policy.ts';
import { containerRow } from '../support/container-row.ts';

const policy = (name: 'no' | 'always' | 'unless-stopped' | 'on-failure', maximumRetries = 0) => ({
  options: { image: 'x', restart: { name, maximumRetries } },
});

it.each([
  ['no policy', {}, false],
  ['no', { ...policy('no'), exitCode: 3 }, false],
  ['always, after success', policy('always'), true],
  ['always, but a user ended it', { ...policy('always'), stopRequested: true }, false],
  ['always, but it runs', { ...policy('always'), status: 'running' }, false],
  ['always, but it never ran', { ...policy('always'), status: 'created' }, false],
  ['unless-stopped', { ...policy('unless-stopped'), exitCode: 3 }, true],
  ['on-failure, after success', policy('on-failure'), false],
  ['on-failure, after a failure', { ...policy('on-failure'), exitCode: 3, restartCount: 99 }, true],
  ['on-failure:2, for the second time', { ...policy('on-failure', 2), exitCode: 3, restartCount: 1 }, true],
  ['on-failure:2, for the third time', { ...policy('on-failure', 2), exitCode: 3, restartCount: 2 }, false],
  ['on-failure, but a user ended it', { ...policy('on-failure'), exitCode: 137, stopRequested: true }, false],
] as const)('%s', (_, record, wanted) => {
  expect(wantsRestart(containerRow('a'.repeat(64), record).record)).toBe(wanted);
});
