import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const module = (file: string) => JSON.stringify(join(import.meta.dirname, '../../src', file));
const script = (first: string) => `
import { readdirSync, readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
const { native } = await import(${module('system/library.ts')});
const { ownProcess, preferThisThread } = await import(${module('system/own-process.ts')});
native('int getpid()')();
await stat('/');
const sets = () => Object.fromEntries(readdirSync('/proc/self/task').map((id) => {
  const { comm, status } = Object.fromEntries(['comm', 'status'].map((file) =>
    [file, readFileSync('/proc/self/task/' + id + '/' + file, 'latin1')]));
  return [Number(id) === process.pid ? 'this' : id + ' ' + comm.trim(), /Cpus_allowed:\\s*(\\S+)/.exec(status)[1]];
}));
${first}
const before = sets();
preferThisThread();
console.log(JSON.stringify([before, sets()]));
`;

/** Each thread's set of processors, before and after. */
function setsOf(first: string): [Record<string, string>, Record<string, string>] {
  const options = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script(first)];
  const { stdout, stderr } = spawnSync(process.execPath, options, { encoding: 'utf8' });
  expect(stderr).toBe('');
  return JSON.parse(stdout);
}

const numberOf = (set = '') => BigInt(`0x${set.replaceAll(',', '')}`);
const countOf = (set = '') => numberOf(set).toString(2).replaceAll('0', '').length;

it('in a command of ours the other threads run where this one does not', () => {
  const [before, { this: own, ...others }] = setsOf('ownProcess();');
  expect(own).toBe(before.this);
  expect(Object.keys(others).filter((name) => /libuv-worker|V8Worker/.test(name)).length).toBeGreaterThan(1);
  const all = countOf(own);
  for (const set of Object.values(others)) {
    expect(numberOf(set) & ~numberOf(own)).toBe(0n);
    expect(countOf(set)).toBe(Math.max(1, all - 1));
  }
  expect(new Set(Object.values(others)).size).toBe(1);
});

it('where there is one processor only all threads run on it', () => {
  const one = `ownProcess();
const set = new Uint8Array(1024);
set[0] = 1;
for (const id of readdirSync('/proc/self/task'))
  native('int sched_setaffinity(int thread, unsigned long size, const void *mask)')(Number(id), 1024, set);`;
  const [before, after] = setsOf(one);
  expect(after).toEqual(before);
  expect(countOf(after.this)).toBe(1);
});

it('and in a program of somebody else all of them run where they did', () => {
  const [before, after] = setsOf('');
  expect(after).toEqual(before);
});
