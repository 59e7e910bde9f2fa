import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, expect, it } from 'vitest';
import { limits } from '../../src/flags/limits.ts';
import { security } from '../../src/flags/security.ts';

const dir = mkdtempSync(join(tmpdir(), 'mica-security-'));
afterAll(() => rmSync(dir, { recursive: true }));

function read(group: typeof security | typeof limits, ...words: string[]) {
  const command = new Command();
  group.add(command);
  return group.read(command.parse(words, { from: 'user' }).opts());
}

it.each(['null', '5', '[]', '"unconfined"', '{'])(
  'a seccomp profile of %s is none: it does not confine less',
  (text) => {
    const file = join(dir, 'profile.json');
    writeFileSync(file, text);
    expect(() => read(security, '--security-opt', `seccomp=${file}`)).toThrow(
      expect.objectContaining({ message: expect.stringContaining('opening seccomp profile'), exitCode: 125 }),
    );
  },
);

it('a seccomp profile that is not there: in the words of every other file', () => {
  expect(() => read(security, '--security-opt', 'seccomp=/no/such')).toThrow(
    'opening seccomp profile (/no/such) failed: open /no/such: no such file or directory',
  );
});

it('of two limits of one name the last counts, as in docker', () => {
  const { ulimits } = read(limits, '--ulimit', 'nofile=100', '--ulimit', 'nproc=5', '--ulimit', 'nofile=200:300');
  expect(ulimits).toEqual([
    { name: 'nofile', soft: 200, hard: 300 },
    { name: 'nproc', soft: 5, hard: 5 },
  ]);
});
