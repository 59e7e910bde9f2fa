import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type FreezeTarget, freeze } from '../../src/commit/freeze.ts';
import { thawAbandoned, thawLeft } from '../../src/commit/freeze-note.ts';
import { isFrozen, unified } from '../../src/runtime/cgroup.ts';
import { leftLock, lockFile } from '../../src/system/lock.ts';

/** A process in a group of its own, as a container's: what freezes it asks for no more. */
const group = `/mica-test-${process.pid}`;
const folder = `/sys/fs/cgroup${unified ? '' : '/freezer'}${group}`;
const freezer = {
  file: `${folder}/${unified ? 'cgroup.freeze' : 'freezer.state'}`,
  thaw: unified ? '0' : 'THAWED',
};
const patience = { timeout: 60_000, interval: 20 };
const children: ChildProcess[] = [];
let target: FreezeTarget;
let run: string;

function enter(child: ChildProcess): number {
  children.push(child);
  writeFileSync(`${folder}/cgroup.procs`, `${child.pid}`);
  return child.pid as number;
}

beforeEach(() => {
  run = mkdtempSync(join(tmpdir(), 'mica-freeze-'));
  mkdirSync(folder);
  const pid = enter(spawn('sleep', ['1000']));
  target = { id: 'id', name: 'box', pid, by: 'this', run, runtime: { path: 'none', root: run } };
});
afterEach(async () => {
  writeFileSync(freezer.file, freezer.thaw);
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await expect.poll(() => readFileSync(`${folder}/cgroup.procs`, 'latin1'), patience).toBe('');
  rmdirSync(folder);
  rmSync(run, { recursive: true });
});

it('two commits of one container take turns: neither lets it go on while the other reads', async () => {
  const first = await freeze(target);
  const waiting = freeze(target);
  expect(isFrozen(group)).toBe(true);
  await first.thaw();
  const second = await waiting;
  expect(isFrozen(group)).toBe(true);
  await second.thaw();
  expect(isFrozen(group)).toBe(false);
  expect(readdirSync(join(run, 'freezing'))).toEqual([]);
});

/** All of it, and not only soon. */
function standsStill(): boolean {
  const state = readFileSync(unified ? `${folder}/cgroup.events` : freezer.file, 'latin1');
  return unified ? state.includes('frozen 1') : state === 'FROZEN\n';
}

/** A process makes others without end; each writes so much that it is not stopped at once. */
function enterBusy(): void {
  const write = 'while :; do dd if=/dev/zero of="$0" bs=64M count=1 conv=notrunc 2>&1; done';
  enter(spawn('sh', ['-c', write, join(run, 'much')], { stdio: 'ignore' }));
}

it('what was paused before stays so, also if it does not stand still yet', async () => {
  enterBusy();
  for (let time = 0; time < 20; time++) {
    writeFileSync(freezer.file, unified ? '1' : 'FROZEN');
    const frozen = await freeze(target);
    expect(await frozen.thaw()).toBe(0);
    expect(isFrozen(group)).toBe(true);
    expect(readdirSync(join(run, 'freezing'))).toEqual([]);
    writeFileSync(freezer.file, freezer.thaw);
  }
});

it('what makes processes without end can be frozen', async () => {
  enterBusy();
  for (let time = 0; time < 50; time++) {
    const frozen = await freeze(target);
    expect(standsStill()).toBe(true);
    await frozen.thaw();
  }
});

it('what a killed commit froze, the one that waited for it thaws at its end', async () => {
  const note = join(run, 'freezing/id');
  mkdirSync(join(run, 'freezing'));
  const unlock = await lockFile(note); // as the one that is killed below would hold it
  writeFileSync(note, JSON.stringify({ target, file: `${folder}/none`, thaw: '' }));
  writeFileSync(freezer.file, unified ? '1' : 'FROZEN');
  const waiting = freeze(target);
  thawAbandoned(run); // any command in between: it is at it still
  expect(isFrozen(group)).toBe(true);
  unlock();
  const frozen = await waiting;
  expect(isFrozen(group)).toBe(true);
  await frozen.thaw();
  expect(isFrozen(group)).toBe(false);
});

it('what a killed commit froze, the next command thaws', async () => {
  const note = join(run, 'freezing/id');
  mkdirSync(join(run, 'freezing'));
  writeFileSync(note, JSON.stringify({ target, ...freezer }));
  writeFileSync(freezer.file, unified ? '1' : 'FROZEN');
  await expect.poll(() => isFrozen(group), patience).toBe(true);
  thawAbandoned(run);
  expect(isFrozen(group)).toBe(false);
  expect(readdirSync(join(run, 'freezing'))).toEqual([]);
});

it('what a thread froze that was ended, its own commit thaws; the freeze of another commit is left alone', async () => {
  await freeze(target); // whoever had it is no more
  thawLeft({ ...target, by: 'another' });
  expect(isFrozen(group)).toBe(true);
  expect(readdirSync(join(run, 'freezing'))).toEqual(['id']);
  const waiting = freeze(target);
  thawLeft(target);
  expect(isFrozen(group)).toBe(false);
  await (await waiting).thaw();
});

it('the lock of a thread that was ended: its note may go before it is given back', () => {
  expect(leftLock(join(run, 'gone'))).not.toThrow();
});

it('what the system refuses is told with the container, and nothing stands still', async () => {
  mkdirSync(join(run, 'freezing/id'), { recursive: true }); // in the place of the note
  await expect(freeze(target)).rejects.toMatchObject({
    name: 'MicaError',
    message: expect.stringMatching(/^freeze container box: /),
    subject: 'box',
    hint: expect.stringMatching(/./),
  });
  expect(isFrozen(group)).toBe(false);
});
