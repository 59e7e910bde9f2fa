import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, expect, it } from 'vitest';
import { limits } from '../../src/flags/limits.ts';
import { network } from '../../src/flags/network.ts';
import { process as processFlags } from '../../src/flags/process.ts';
import { security } from '../../src/flags/security.ts';

const dir = mkdtempSync(join(tmpdir(), 'mica-security-'));
afterAll(() => rmSync(dir, { recursive: true }));

function read(group: typeof security | typeof limits | typeof network | typeof processFlags, ...words: string[]) {
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

it('what Go takes for a boolean is one in --security-opt, too', () => {
  for (const [text, value] of [
    ['', true],
    ['=1', true],
    [':T', true],
    ['=0', false],
  ] as const)
    expect(read(security, '--security-opt', `no-new-privileges${text}`)).toMatchObject({ noNewPrivileges: value });
  expect(() => read(security, '--security-opt', 'no-new-privileges=maybe')).toThrow('invalid --security-opt');
});

it('a search domain is one: it is written to a file of lines', () => {
  for (const domain of ['example.org', 'a-1.b.', 'x', '.'])
    expect(read(network, '--dns-search', domain)).toMatchObject({ dnsSearch: [domain] });
  for (const domain of ['', '-x', 'a b', 'a..b', '1.2', 'a\nnameserver 9.9.9.9'])
    expect(() => read(network, '--dns-search', domain), domain).toThrow(
      expect.objectContaining({ message: expect.stringContaining('is not a valid domain'), exitCode: 125 }),
    );
});

it("an empty host name is none: the container's ID, never the machine's name", () => {
  expect(read(processFlags, '--hostname', '')).not.toHaveProperty('hostname');
});

it('no processors and no shared memory are no limit, as in docker', () => {
  const read0 = read(limits, '--cpus', '0', '--shm-size', '0');
  expect(read0).not.toHaveProperty('cpus');
  expect(read0).not.toHaveProperty('shmSize');
});
