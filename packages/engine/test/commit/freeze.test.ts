import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type FreezeTarget, freeze } from '../../src/commit/freeze.ts';
import { nothingHeld, thawAbandoned, thawLeft } from '../../src/commit/freeze-note.ts';
import { Freezer, StillRuns } from '../../src/commit/freezer.ts';
import { makeLayer } from '../../src/commit/make-layer.ts';
import { isFrozen, unified } from '../../src/runtime/cgroup.ts';
import { processStart } from '../../src/store/files.ts';
import { lockFile, lockFree } from '../../src/system/lock.ts';
import { LayerJobs } from '../support/layer-jobs.ts';

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

/** Until none of its processes is left. */
async function end(): Promise<void> {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await expect.poll(() => Freezer.find(target), patience).toBe('gone');
}

beforeEach(() => {
  run = mkdtempSync(join(tmpdir(), 'mica-freeze-'));
  mkdirSync(folder);
  const pid = enter(spawn('sleep', ['1000']));
  const runtime = { path: 'none', root: run };
  const held = nothingHeld();
  const lock = join(run, 'lock');
  const pidStart = processStart(pid) as string;
  target = { id: 'id', name: 'box', pauses: true, group, pid, pidStart, by: 'this', run, lock, held, runtime };
});
afterEach(async () => {
  writeFileSync(freezer.file, freezer.thaw);
  await end();
  for (const name of readdirSync(folder, { withFileTypes: true }))
    if (name.isDirectory()) rmdirSync(join(folder, name.name));
  rmdirSync(folder);
  rmSync(run, { recursive: true });
});

it('two commits of one container take turns: neither lets it go on while the other reads', async () => {
  const first = await freeze(target);
  const waiting = freeze({ ...target, held: nothingHeld() });
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
  thawLeft({ ...target, held: nothingHeld(), by: 'another' });
  expect(isFrozen(group)).toBe(true);
  expect(readdirSync(join(run, 'freezing'))).toEqual(['id']);
  const waiting = freeze({ ...target, held: nothingHeld() });
  thawLeft(target);
  expect(isFrozen(group)).toBe(false);
  await (await waiting).thaw();
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

it('what its first process left for a group below stands still with it', async () => {
  mkdirSync(`${folder}/init`);
  writeFileSync(`${folder}/init/cgroup.procs`, `${target.pid}`);
  enter(spawn('sleep', ['1000']));
  const frozen = await freeze(target);
  expect(isFrozen(group)).toBe(true);
  expect(standsStill()).toBe(true);
  await frozen.thaw();
  expect(isFrozen(group)).toBe(false);
});

/** Whether a start would have to wait. */
function isKept(): boolean {
  const unlock = lockFree(target.lock);
  unlock?.();
  return unlock === null;
}

it('of a container that has ended since it was looked at nothing is frozen, and nobody starts it meanwhile', async () => {
  await end();
  const frozen = await freeze(target);
  expect([isFrozen(group), isKept()]).toEqual([false, true]);
  expect(await frozen.thaw()).toBe(0);
  expect(await frozen.thaw()).toBe(0);
  expect(isKept()).toBe(false);
  expect(readdirSync(run)).not.toContain('freezing');
});

it('one that was started since it was looked at stands still', async () => {
  const unlock = await lockFile(target.lock); // the start that is under way
  const waiting = freeze({ ...target, pid: null, runtime: null });
  unlock();
  const frozen = await waiting;
  expect([standsStill(), isKept()]).toEqual([true, true]);
  await frozen.thaw();
});

it('one that goes on while it is read is neither frozen nor kept', async () => {
  const going = await freeze({ ...target, pauses: false });
  expect([isFrozen(group), isKept()]).toEqual([false, false]);
  expect(await going.thaw()).toBe(0);
});

it.each(['freezing/id', 'lock'])('a stop is heard while another has the lock on %s', async (name) => {
  mkdirSync(join(run, 'freezing'));
  const unlock = await lockFile(join(run, name));
  const reason = new Error('enough');
  const stopped = freeze(
    name === 'lock' ? { ...target, group: '/none', pid: null } : target,
    AbortSignal.abort(reason),
  );
  await expect(stopped).rejects.toBe(reason);
  unlock();
});

it('a note of what could not be thawed stays for the next command', () => {
  const note = join(run, 'freezing/id');
  mkdirSync(join(run, 'freezing'));
  writeFileSync(note, JSON.stringify({ target, file: run, thaw: freezer.thaw })); // a folder: no write goes there
  thawLeft(target);
  thawAbandoned(run);
  expect(readdirSync(join(run, 'freezing'))).toEqual(['id']);
  writeFileSync(note, JSON.stringify({ target, file: join(run, 'none'), thaw: freezer.thaw }));
  thawAbandoned(run);
  expect(readdirSync(join(run, 'freezing'))).toEqual([]);
});

it('whatever fails as it is taken back, a container goes on, and the first error is told', async () => {
  const jobs = new LayerJobs();
  try {
    writeFileSync(join(jobs.upper, '.wh.x'), ''); // no layer can hold it
    const job = jobs.job({ freeze: target });
    mkdirSync(job.tableFile); // is no file to take away
    await expect(makeLayer(job)).rejects.toThrow(/^\/\.wh\.x: a file named \.wh\./);
    expect(isFrozen(group)).toBe(false);
  } finally {
    jobs.close();
  }
});

it('what a thread held of a container that does not run, or that somebody paused, is given back, and nobody waits for ever', async () => {
  const stopped = { ...target, group: '/none', pid: null };
  await freeze(stopped);
  expect(isKept()).toBe(true);
  thawLeft({ ...stopped, held: nothingHeld() });
  expect(isKept()).toBe(true);
  thawLeft(stopped);
  expect(isKept()).toBe(false);
  writeFileSync(freezer.file, unified ? '1' : 'FROZEN');
  await freeze(target);
  thawLeft(target);
  expect([isKept(), isFrozen(group), readdirSync(join(run, 'freezing'))]).toEqual([false, true, []]);
});

it('one whose first process left its group stands still where that is', async () => {
  const other = `${folder}-other`;
  mkdirSync(other);
  try {
    writeFileSync(`${other}/cgroup.procs`, `${target.pid}`);
    const frozen = await freeze(target);
    expect([isFrozen(`${group}-other`), isFrozen(group)]).toEqual([true, false]);
    await frozen.thaw();
    // A number that another process has since is none of the container's.
    expect(Freezer.find({ ...target, pidStart: '1' })).toBe('gone');
  } finally {
    await end();
    await expect.poll(() => readFileSync(`${other}/cgroup.procs`, 'latin1'), patience).toBe('');
    rmdirSync(other);
  }
});

it.each([
  ['its last process ends', () => end()],
  [
    'its group goes',
    async () => {
      await end();
      rmdirSync(folder);
    },
  ],
])('%s as it is frozen: nothing is frozen, and nobody starts it meanwhile', async (_, goes) => {
  const freezes = vi.spyOn(Freezer.prototype, 'freeze').mockImplementationOnce(async function (this: Freezer) {
    await goes();
    return Freezer.prototype.freeze.call(this);
  });
  try {
    const frozen = await freeze(target);
    expect(isKept()).toBe(true);
    expect(await frozen.thaw()).toBe(0);
    expect(isKept()).toBe(false);
    expect(readdirSync(join(run, 'freezing'))).toEqual([]);
  } finally {
    freezes.mockRestore();
    mkdirSync(folder, { recursive: true });
  }
});

it('one that was paused and does not come to rest is told as what it is', async () => {
  writeFileSync(freezer.file, unified ? '1' : 'FROZEN');
  const rests = vi.spyOn(Freezer.prototype, 'standsStill').mockRejectedValueOnce(new StillRuns());
  await expect(freeze(target)).rejects.toMatchObject({ code: 'runtime-failed', subject: 'box' });
  rests.mockRestore();
  expect(isKept()).toBe(false);
});
