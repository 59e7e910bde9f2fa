import { closeSync, mkdtempSync, openSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { makePipe, memoryFile, memoryText, runProgram, spawnProcess, waitFor } from '../../src/system/spawn.ts';

const sh = (script: string) => runProgram('/bin/sh', ['-c', script]);

it('gives back output, errors and exit code; 128 and the number for a signal', () => {
  expect(sh('echo out; echo err >&2; exit 3')).toEqual({ status: 3, stdout: 'out\n', stderr: 'err\n' });
  expect(sh('kill -9 $$').status).toBe(137);
  expect(runProgram('/bin/echo', ['', 'ä b', '"']).stdout).toBe(' ä b "\n');
  expect(runProgram('/bin/cat', ['-'], { input: 'what it reads, ä' }).stdout).toBe('what it reads, ä');
});

it('says what could not be started', () => {
  expect(() => runProgram('/nowhere', [])).toThrow(expect.objectContaining({ code: 'ENOENT', path: '/nowhere' }));
  expect(() => runProgram('/etc', [])).toThrow(expect.objectContaining({ code: 'EACCES' }));
});

it('passes descriptors under the numbers asked for, in any order, and no other', () => {
  const [out, first, second] = [memoryFile(), memoryFile(), memoryFile()];
  // 3 and 4 may well be other files of ours: a child that took them over before their turn would mix them up
  const other = openSync('/etc/hostname', 'r');
  try {
    const script = 'echo three >&3; echo four >&4; readlink /proc/$$/fd/*; true';
    const pid = spawnProcess('/bin/sh', ['-c', script], { stdio: [null, out, null, second, first] });
    expect(waitFor(pid)).toBe(0);
    expect([memoryText(second), memoryText(first)]).toEqual(['three\n', 'four\n']);
    expect(memoryText(out)).toContain('/dev/null\n');
    expect(memoryText(out)).not.toContain('/etc/hostname');
  } finally {
    for (const fd of [out, first, second, other]) closeSync(fd);
  }
});

it('begins with default signals, in the folder and with the environment asked for, in a session of its own', () => {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'mica-spawn-')));
  const out = memoryFile();
  try {
    const script = 'pwd; env | grep ^OWN; cut -d" " -f6 /proc/self/stat; echo $$; grep Sig[IB] /proc/self/status';
    const env = { PATH: process.env.PATH, OWN: '1', NOT: undefined };
    const pid = spawnProcess('/bin/sh', ['-c', script], { stdio: [null, out, null], cwd: dir, env, detached: true });
    waitFor(pid);
    const [folder, own, session, self, blocked, ignored] = memoryText(out).split('\n');
    expect([folder, own, session, self]).toEqual([dir, 'OWN=1', `${pid}`, `${pid}`]);
    // Node ignores SIGPIPE: a program that inherited that would never end at its reader's end
    expect([blocked, ignored]).toEqual(['SigBlk:\t0000000000000000', 'SigIgn:\t0000000000000000']);
  } finally {
    closeSync(out);
    rmSync(dir, { recursive: true });
  }
});

it('leaves no descriptor and no zombie', async () => {
  const open = () => Number(sh('ls /proc/$PPID/fd | wc -l').stdout);
  sh('true');
  const before = open();
  for (let i = 0; i < 20; i++) sh('true');
  const { from, to } = makePipe();
  closeSync(from);
  closeSync(to);
  // Threads of Vitest's read files meanwhile, and close them.
  await expect.poll(open, { timeout: 60_000 }).toBeLessThanOrEqual(before);
  expect(sh('grep -l "^State:.Z" /proc/[0-9]*/status 2>/dev/null | xargs -r grep -h PPid').stdout).not.toContain(
    `\t${process.pid}\n`,
  );
});
