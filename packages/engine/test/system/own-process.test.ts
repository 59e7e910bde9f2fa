import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const module = (file: string) => JSON.stringify(join(import.meta.dirname, '../../src', file));
// sched(7), and proc(5): the 41st field of a thread's stat, the 39th behind its name
const script = (first: string) => `
import { readdirSync, readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
const { native } = await import(${module('system/library.ts')});
const { ownProcess, preferThisThread } = await import(${module('system/own-process.ts')});
native('int getpid()')();
await stat('/');
${first}
preferThisThread();
const threads = readdirSync('/proc/self/task').map((id) => {
  const [name, fields] = readFileSync('/proc/self/task/' + id + '/stat', 'latin1').split('(')[1].split(') ');
  return [Number(id) === process.pid ? 'this' : name, Number(fields.split(' ')[38])];
});
console.log(JSON.stringify(threads));
`;

function policies(first: string): Map<string, Set<number>> {
  const options = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script(first)];
  const { stdout, stderr } = spawnSync(process.execPath, options, { encoding: 'utf8' });
  expect(stderr).toBe('');
  const found = new Map<string, Set<number>>();
  for (const [name, policy] of JSON.parse(stdout)) found.set(name, (found.get(name) ?? new Set()).add(policy));
  return found;
}

it('in a command of ours no other thread interrupts this one', () => {
  const { this: own, ...others } = Object.fromEntries(policies('ownProcess();'));
  expect(own).toEqual(new Set([0]));
  expect(Object.keys(others)).toEqual(expect.arrayContaining(['libuv-worker', 'node-V8Worker']));
  for (const seen of Object.values(others)) expect(seen).toEqual(new Set([3]));
});

it('but those whose class its caller chose stay in it', () => {
  const chosen = `ownProcess();
for (const id of readdirSync('/proc/self/task'))
  native('int sched_setscheduler(int thread, int policy, const void *parameters)')(Number(id), 5, new Int32Array(1));`;
  for (const seen of policies(chosen).values()) expect(seen).toEqual(new Set([5]));
});

it('and in a program of somebody else all of them stay as they are', () => {
  for (const seen of policies('').values()) expect(seen).toEqual(new Set([0]));
});
