import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bin, TestStore } from '../support/store.ts';
import { Terminal } from '../support/terminal.ts';

const store = new TestStore();
const path = `${bin.slice(0, -'/mica'.length)}:${process.env.PATH}`;
beforeAll(async () => {
  await store.importBase();
  store.ok(['create', '--name', 'webserver', 'base:1', 'sh']);
});
afterAll(async () => {
  await store.removeContainers();
  store.remove();
});

/** What bash would offer for this line, one a line. */
function offered(line: string): string[] {
  const script = `source <(mica completion bash); COMP_LINE=$1 COMP_POINT=\${#1}; compopt() { echo files; }; _mica
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const env = { ...process.env, PATH: path, MICA_ROOT: store.root };
  const done = spawnSync('bash', ['--norc', '-c', script, 'bash', line], { env });
  expect(done.stderr.toString()).toBe('');
  return done.stdout.toString().split('\n').filter(Boolean);
}

it('verbs, flags, containers, images, files', () => {
  expect(offered('mica ima')).toEqual(['image', 'images']);
  expect(offered('mica container ren')).toEqual(['rename']);
  expect(offered('mica ps --no')).toEqual(['--no-trunc']);
  expect(offered('mica rm web')).toEqual(['webserver']);
  expect(offered('mica run -it --name x ba')).toEqual(['base:1']);
  // Past a colon bash takes a new word: only what comes after it is offered.
  expect(offered('mica run base:')).toEqual(['1']);
  expect(offered('mica inspect ')).toEqual(['webserver', 'base:1']);
  expect(offered('mica import ./')).toEqual(['files']);
  expect(offered('mica run base:1 l')).toEqual(['files']);
  expect(offered('mica frob ')).toEqual([]);
});

it('the store that a line names, in either form', () => {
  const other = `${store.work}/other`;
  const here = (root: string) => offered(`mica --root${root} rm web`);
  expect([here(`=${store.root}`), here(` ${store.root}`)]).toEqual([['webserver'], ['webserver']]);
  expect([here(`=${other}`), here(` ${other}`)]).toEqual([[], []]);
  // What comes after the verb is the verb's.
  expect(offered(`mica run base:1 x --root=${other} web`)).toEqual(['files']);
  expect(offered('mica --root=/')).toEqual(['files']);
});

it('a key in a real bash', async () => {
  const terminal = new Terminal({ MICA_ROOT: store.root });
  try {
    terminal.line(`PATH=${path}`);
    terminal.line('source <(mica completion bash); echo re""ady');
    await terminal.shows(/^ready/m);
    terminal.keys('-l', 'mica renam');
    terminal.keys('Tab');
    await terminal.shows(/mica rename$/m);
    terminal.keys('-l', 'websv');
    terminal.keys('BSpace', 'Tab');
    await terminal.shows(/mica rename webserver$/m);
  } finally {
    terminal.close();
  }
});
