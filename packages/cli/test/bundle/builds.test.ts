import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Builds } from '../../bundle/builds.ts';
import { startedWith } from '../../bundle/started-with.ts';

let work: string;
let dist: string;
let builds: Builds;
let running: ChildProcess[] = [];
beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), 'mica-builds-'));
  dist = join(work, 'dist');
  mkdirSync(join(work, 'packages'));
  writeFileSync(join(work, 'packages/main.ts'), 'source');
  builds = new Builds(dist);
});
afterEach(async () => {
  await Promise.all(running.map((child) => child.kill('SIGKILL') && once(child, 'close')));
  running = [];
  rmSync(work, { recursive: true, force: true });
});

/** A bundle that says `word` when it starts, and again out of another file, in a thread's too, when it is written to. */
function made(word: string, source = 'source'): string {
  const from = join(dist, 'made');
  rmSync(from, { recursive: true, force: true });
  mkdirSync(from, { recursive: true });
  const digest = createHash('sha256').update(source).digest('hex');
  const files = {
    'main.js': `console.log('${word}'); process.stdin.once('data', () => require('./late-${word}.js'))`,
    [`late-${word}.js`]: `new (require('worker_threads').Worker)(__dirname + '/worker.js')`,
    'worker.js': `console.log('late ${word}')`,
    'package.json': '{ "type": "commonjs" }',
    'folders.sh': `# ${word}`,
    'sources.json': JSON.stringify({ 'main.ts': digest }),
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(from, name), text);
  return from;
}
const publish = (word: string) => builds.publish(made(word), join(work, 'packages'));
const current = () => basename(realpathSync(join(dist, 'current')));
const names = () => readdirSync(dist).sort();
const standing = ['current', 'made', 'main.js', 'folders.sh'];

async function start(): Promise<ChildProcess> {
  const child = spawn(process.execPath, [join(dist, 'main.js')], { stdio: ['pipe', 'pipe', 'inherit'] });
  running.push(child);
  await once(child.stdout, 'data');
  return child;
}
/** What it says at last, and how it ends. */
async function finish(child: ChildProcess): Promise<string> {
  let said = '';
  child.stdout?.on('data', (bytes) => {
    said += bytes;
  });
  child.stdin?.end('on\n');
  const [code] = await once(child, 'close');
  running = running.filter((each) => each !== child);
  return `${said}(${code})`;
}
const HOUR_MS = 60 * 60 * 1000;
/** As if all that is there had been made, and what is replaced had been replaced, two hours ago. */
function age(): void {
  const then = new Date(Date.now() - 2 * HOUR_MS);
  for (const name of names().filter((each) => each !== 'made')) {
    const path = join(dist, name);
    if (/^[0-9a-f]{16}$/.test(name)) utimesSync(join(path, 'package.json'), then, then);
    lutimesSync(path, then, then);
  }
}

it('a command that runs while others are built goes on with the one that it began with', async () => {
  publish('one');
  const child = await start();
  publish('two');
  publish('three');
  builds.prune();
  expect(await finish(child)).toBe('late one\n(0)');
  expect(await finish(await start())).toBe('late three\n(0)');
});

it('a command starts at any time while others are built', async () => {
  publish('one');
  let isOver = false;
  const starts = (async () => {
    const said = new Set<string>();
    while (!isOver) said.add(String(await finish(await start())));
    return [...said];
  })();
  for (let at = 0; at < 40; at++) {
    publish(at % 2 ? 'one' : 'two');
    builds.prune();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  isOver = true;
  expect((await starts).filter((said) => !/^late (one|two)\n\(0\)$/.test(said))).toEqual([]);
});

it('a build goes an hour after its successor came, unless a command runs that began while it was the current one', async () => {
  publish('one');
  const first = current();
  publish('two');
  builds.prune([]);
  expect(names()).toContain(first);
  age();
  builds.prune([Date.now() - 2 * HOUR_MS]);
  expect(names()).toContain(first);
  builds.prune([Date.now() - 3 * HOUR_MS, Date.now()]);
  expect(names()).toEqual([...standing, current()].sort());
});

it('who runs a build is known by the path of its entry, and since when', async () => {
  const before = Date.now();
  publish('one');
  await start();
  const [began = 0, ...more] = startedWith(join(dist, 'main.js').slice(1));
  expect(more).toEqual([]);
  expect(began).toBeGreaterThan(before - 10_000);
  expect(began).toBeLessThan(Date.now() + 10_000);
  expect(startedWith('of/nobody/main.js')).toEqual([]);
});

it('what was in the folder before builds had one each stays for who runs it, and goes', async () => {
  mkdirSync(join(dist, 'compiled'), { recursive: true });
  for (const name of ['main.js', 'late.js', 'folders.sh', 'package.json']) writeFileSync(join(dist, name), '');
  publish('one');
  builds.prune();
  expect(names()).toEqual([...standing, current(), 'compiled', 'late.js', 'package.json'].sort());
  age();
  builds.prune([]);
  expect(names()).toEqual([...standing, current()].sort());
});

it('the same once more is the same build, with what was compiled of it', () => {
  publish('one');
  const first = current();
  writeFileSync(join(dist, first, 'compiled'), '');
  publish('two');
  publish('one');
  expect(current()).toBe(first);
  expect(readdirSync(join(dist, first))).toContain('compiled');
});

it('a source that was changed while it was bundled, or is from now on, is newer than the bundle', () => {
  const source = join(work, 'packages/main.ts');
  const isNewer = () => {
    const asked = '[ "$1" -nt "$2" ] && echo newer || echo older';
    return String(execFileSync('sh', ['-c', asked, 'sh', source, join(dist, 'main.js')])).trim();
  };
  utimesSync(source, new Date(), new Date(Date.now() - 5000));
  publish('one');
  expect(isNewer()).toBe('older');
  writeFileSync(source, 'source');
  expect(isNewer()).toBe('newer');
  utimesSync(source, new Date(), new Date(Date.now() - 5000));
  builds.publish(made('one', 'source as it was read'), join(work, 'packages'));
  expect(isNewer()).toBe('newer');
  expect(dirname(realpathSync(join(dist, 'main.js')))).toBe(realpathSync(join(dist, 'current')));
});
