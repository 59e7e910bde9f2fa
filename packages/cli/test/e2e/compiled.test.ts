import { spawnSync } from 'node:child_process';
import {
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { CommitBench } from '../support/commit-bench.ts';

let work: string;
let env: NodeJS.ProcessEnv;
beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), 'mica-compiled-'));
  env = { ...process.env, MICA_ROOT: join(work, 'root') };
  cpSync(realpathSync(join(import.meta.dirname, '../../dist/current')), join(work, 'dist'), {
    recursive: true,
    filter: (path) => !path.endsWith('/compiled'),
  });
  symlinkSync(join(import.meta.dirname, '../../../../node_modules'), join(work, 'node_modules'));
});
afterAll(() => rmSync(work, { recursive: true, force: true }));
beforeEach(() => rmSync(join(work, 'dist/compiled'), { recursive: true, force: true }));

/** A command of the bundle's copy; what it left of compiled code, by name. */
function mica(...args: string[]): Map<string, Buffer> {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--', join(work, 'dist/main.js'), ...args], { env });
  expect({ status, stderr: String(stderr) }).toEqual({ status: 0, stderr: '' });
  expect(String(stdout)).toContain(args[0] === 'ps' ? 'CONTAINER ID' : 'REPOSITORY');
  const folder = join(work, 'dist/compiled');
  return new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))]));
}
const main = (kept: Map<string, Buffer>) => [...kept.keys()].filter((name) => /^mica-[^.]+\.\w+\.\w+$/.test(name));

it('every command keeps the code that it compiled, for itself, and stops learning', () => {
  const first = mica('ps');
  const [name = ''] = main(first);
  expect(name).toMatch(/\.ps\./);
  const lessons = [first, mica('ps'), mica('ps'), mica('ps')].map((kept) => kept.get(name)?.at(-1));
  expect(lessons).toEqual([1, 2, 3, 4]);
  const settled = mica('ps').get(name);
  expect(settled?.at(-1)).toBe(4);
  expect(main(mica('images')).sort()).toEqual([name.replace('.ps.', '.images.'), name].sort());
  expect(statSync(join(work, 'dist/compiled', name)).mode & 0o777).toBe(0o600);
});

it('what is compiled for who counts what is run is not kept: it counts', () => {
  const told = { ...env, NODE_V8_COVERAGE: join(work, 'coverage') };
  const { status } = spawnSync(process.execPath, ['--', join(work, 'dist/main.js'), 'ps'], { env: told });
  expect(status).toBe(0);
  expect(existsSync(join(work, 'dist/compiled'))).toBe(false);
  rmSync(join(work, 'coverage'), { recursive: true });
});

it('the ways of commit learn apart: an incremental one is not what plain ones taught', () => {
  const ask = (...flags: string[]) =>
    spawnSync(process.execPath, ['--', join(work, 'dist/main.js'), 'commit', ...flags, '--help'], { env }).status;
  expect([ask(), ask('--incremental'), ask('--all'), ask('--tag', 'x')]).toEqual([0, 0, 0, 0]);
  const names = readdirSync(join(work, 'dist/compiled')).filter((name) => name.startsWith('mica-'));
  const of = names.map((name) => name.split('.')[1]).sort();
  expect(of).toEqual(['commit', 'commit-all', 'commit-incremental', 'commit-tag']);
});

it('the threads of a batch keep the code that they compiled, and stop learning; a task that failed teaches nothing', async () => {
  const bench = await CommitBench.make();
  try {
    const marks: string[] = [];
    for (const name of ['box1', 'box2', 'box3', 'box4']) {
      const id = await bench.made(name, { file: name, '.wh.x': '' }); // the second is what no layer can hold
      marks.push(join(bench.upperOf(id), '.wh.x'));
    }
    const commit = (tag: string) => {
      const asked = [join(work, 'dist/main.js'), 'commit', '--all', '--tag', `{name}:${tag}`, '--jobs', '2'];
      const { status } = spawnSync(process.execPath, ['--', ...asked], { env: { ...env, MICA_ROOT: bench.root } });
      const folder = join(work, 'dist/compiled');
      const names = readdirSync(folder).filter((name) => name.startsWith('thread-'));
      expect(names.filter((name) => !/^thread-[^.]+\.make-layer\.\w+$/.test(name))).toEqual([]);
      return { status, kept: new Map(names.map((name) => [name, readFileSync(join(folder, name))])) };
    };
    mkdirSync(join(work, 'dist/compiled'));
    expect(commit('failed')).toEqual({ status: 1, kept: new Map() });
    for (const mark of marks) rmSync(mark);
    const runs = ['1', '2', '3', '4', '5'].map(commit);
    expect(runs.map(({ status }) => status)).toEqual([0, 0, 0, 0, 0]);
    const kept = runs.map((run) => run.kept);
    const name = [...(kept[0]?.keys() ?? [])].find((name) => name.startsWith('thread-make-layer-task')) ?? '';
    const lessons = kept.map((files) => files.get(name)?.at(-1) ?? 0);
    // A thread that begins once the other has saved goes on from there.
    expect(lessons).toEqual([...lessons].sort());
    expect([1, 2]).toContain(lessons[0]);
    expect([lessons[3], lessons[4]]).toEqual([4, 4]);
    expect(kept[4]).toEqual(kept[3]);
  } finally {
    await bench.clear();
    bench.close();
  }
});

it('kept code that is cut short, damaged, something else, or of another version of the file is not used', () => {
  const [name = ''] = main(mica('ps'));
  const file = join(work, 'dist/compiled', name);
  const whole = readFileSync(file);
  const damaged = Buffer.from(whole);
  for (let at = 5000; at < damaged.length; at += 10_007) damaged[at] = ~(damaged[at] ?? 0);
  for (const wrong of [Buffer.alloc(0), whole.subarray(0, 100), whole.subarray(0, -10), damaged, Buffer.alloc(9001)]) {
    writeFileSync(file, wrong);
    expect(mica('ps').get(name)?.at(-1)).toBe(1);
  }
  const chunk = join(work, 'dist', `${name.split('.')[0]}.js`);
  utimesSync(chunk, new Date(), new Date(0));
  expect(main(mica('ps'))).toHaveLength(2);
});

it('another version of a file with the same length and the same time is not taken for it', () => {
  const [name = ''] = main(mica('ps'));
  const chunk = join(work, 'dist', `${name.split('.')[0]}.js`);
  const { atime, mtime } = statSync(chunk);
  const text = readFileSync(chunk, 'latin1');
  try {
    writeFileSync(chunk, text.replaceAll('CONTAINER ID', 'CONTAINER NO'), 'latin1');
    utimesSync(chunk, atime, mtime);
    const { stdout } = spawnSync(process.execPath, ['--', join(work, 'dist/main.js'), 'ps'], { env });
    expect(String(stdout)).toContain('CONTAINER NO');
  } finally {
    writeFileSync(chunk, text, 'latin1');
  }
});

it('what nothing has read for two months goes when something is learnt', () => {
  const folder = join(work, 'dist/compiled');
  const day = (ago: number) => new Date(Date.now() - ago * 24 * 60 * 60 * 1000);
  mkdirSync(folder, { recursive: true });
  for (const [name, read, written] of [
    ['gone-1.ps.a', 70, 80],
    ['read-1.ps.a', 50, 80],
    ['new-1.ps.a', 80, 50],
  ] as const) {
    writeFileSync(join(folder, name), '');
    utimesSync(join(folder, name), day(read), day(written));
  }
  const kept = [...mica('ps').keys()];
  expect(kept.filter((name) => name.endsWith('.ps.a')).sort()).toEqual(['new-1.ps.a', 'read-1.ps.a']);
});

it('code that cannot be written whole leaves nothing of itself', () => {
  const limited = ['-c', 'ulimit -f 100; exec "$@"', 'sh', process.execPath, '--', join(work, 'dist/main.js')];
  const { status, stderr } = spawnSync('sh', [...limited, 'completion', 'bash'], { env });
  expect({ status, stderr: String(stderr) }).toEqual({ status: 0, stderr: '' });
  const names = readdirSync(join(work, 'dist/compiled'));
  expect(names.filter((name) => !/^[^.]+\.completion\.\w+$/.test(name))).toEqual([]);
});

it('a cache of another user is neither read nor written, nor one that is a link', () => {
  const cache = join(work, 'home/.cache');
  const images = (more: Record<string, string>) => {
    const asked = [join(work, 'dist/main.js'), 'images'];
    const { status } = spawnSync(process.execPath, ['--', ...asked], { env: { ...env, ...more }, cwd: work });
    expect(status).toBe(0);
  };
  mkdirSync(join(work, 'home'));
  chownSync(join(work, 'dist'), 1234, 1234);
  try {
    chownSync(join(work, 'home'), 1234, 1234);
    images({ HOME: join(work, 'home'), XDG_CACHE_HOME: '' });
    images({ XDG_CACHE_HOME: 'relative' });
    images({ XDG_CACHE_HOME: '/proc/none' }); // where Node's recursive mkdir never comes back
    expect(readdirSync(work).sort()).toEqual(['dist', 'home', 'node_modules', 'root']);
    expect(readdirSync(join(work, 'home'))).toEqual([]);
    chownSync(join(work, 'home'), 0, 0);
    mkdirSync(join(work, 'other'));
    mkdirSync(cache);
    symlinkSync(join(work, 'other'), join(cache, 'mica'));
    images({ XDG_CACHE_HOME: cache });
    expect(readdirSync(join(work, 'other'))).toEqual([]);
    rmSync(cache, { recursive: true });
    images({ HOME: join(work, 'home'), XDG_CACHE_HOME: '' });
    expect(readdirSync(join(cache, 'mica')).length).toBeGreaterThan(0);
  } finally {
    chownSync(join(work, 'dist'), 0, 0);
  }
});
