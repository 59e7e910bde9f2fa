import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { patience, TestStore } from '../support/store.ts';

const store = new TestStore();
beforeAll(() => store.importBase());
afterAll(() => store.remove());

/** Processes, mounts and control groups of this store's containers. */
function traces(ids: readonly string[]): string[] {
  const found: string[] = [];
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      if (ids.some((id) => words.includes(id)) || words.includes(MARK)) found.push(`process ${pid}: ${words}`);
    } catch {
      // ended
    }
  }
  for (const controller of readdirSync('/sys/fs/cgroup')) {
    const folder = join('/sys/fs/cgroup', controller, 'mica');
    if (existsSync(folder))
      for (const id of readdirSync(folder)) if (ids.includes(id)) found.push(`cgroup ${controller}/${id}`);
  }
  return [...found, ...store.mounts()];
}
/** On the command line of every container's process. */
const MARK = `4${process.pid}4242`;

/** Containers with a process of theirs: its control group names the container. */
function alive(): string[] {
  const ids = new Set<string>();
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      const id = /\/mica\/([0-9a-f]{64})/.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8'))?.[1];
      if (words.includes(MARK) && id !== undefined) ids.add(id);
    } catch {
      // ended
    }
  }
  return [...ids].sort();
}

async function finished(args: readonly string[], killAfter = Number.POSITIVE_INFINITY): Promise<void> {
  const child = store.spawn(args);
  child.stdout.resume();
  child.stderr.resume();
  const end = once(child, 'exit');
  if (Number.isFinite(killAfter)) setTimeout(() => child.kill('SIGKILL'), killAfter);
  await end;
}

/** xorshift32: the same moments on every run, as far as a machine allows. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

interface Shown {
  readonly ID: string;
  readonly State: string;
}
function shown(): Shown[] {
  const lines = store.ok(['ps', '-a', '--no-trunc', '--format', 'json']).split('\n');
  return lines.filter(Boolean).map((line) => JSON.parse(line));
}

it('kill -9 at 50 random moments of run -d, stop, rm and commit: ps -a tells the truth, rm -f leaves nothing', async () => {
  const random = generator(20261124);
  const ids = new Set<string>();
  for (let round = 0; round < 10; round++) {
    const names = ['stop', 'rm', 'commit'].map((verb) => `${verb}${round}`);
    const before = performance.now();
    const box = ['base:1', 'sh', '-c', `echo x > /x; exec sleep ${MARK}`, MARK];
    await Promise.all(names.map((name) => finished(['run', '-d', '--name', name, ...box])));
    // Side by side, as the five below: what one of them takes, whatever else the machine does.
    const span = performance.now() - before;
    const verbs = [
      ['run', '-d', '--name', `one${round}`, 'base:1', 'sleep', MARK],
      ['run', '-d', '--rm', '-p', '127.0.0.1::80', '--name', `two${round}`, 'base:1', 'sleep', MARK],
      ['stop', '-t', '0', `stop${round}`],
      ['rm', '-f', `rm${round}`],
      ['commit', `commit${round}`, `image:${round}`],
    ];
    await Promise.all(verbs.map((args) => finished(args, random() * span)));
    for (const { ID } of shown()) ids.add(ID);
    let last: Shown[] = [];
    const running = () => {
      last = shown();
      return last.flatMap(({ ID, State }) => (State === 'running' ? [ID] : [])).sort();
    };
    await expect.poll(() => [running(), alive()].map(String).join(' = '), patience).toMatch(/^(.*) = \1$/);
    // Dead is whose making, or removal, was cut off: it has no files, and everybody else has.
    for (const { ID, State } of last) {
      expect(['created', 'running', 'exited', 'dead']).toContain(State);
      expect(existsSync(join(store.root, 'containers', ID)), `${ID} is ${State}`).toBe(State !== 'dead');
    }

    const left = last.map(({ ID }) => ID);
    if (left.length > 0) store.ok(['rm', '-f', ...left]);
    expect(shown()).toEqual([]);
    await expect.poll(() => traces([...ids]), patience).toEqual([]);
    expect(existsSync(store.runFolder) ? readdirSync(store.runFolder, { recursive: true }) : []).toEqual([]);
    expect(readdirSync(join(store.root, 'containers'))).toEqual([]);
  }
  // An image that was committed is whole, one that was not is not there.
  const images = store.ok(['images', '--format', '{{.Repository}}:{{.Tag}}']).split('\n');
  for (const image of images.filter((one) => one.startsWith('image:')))
    expect(store.ok(['run', '--rm', image, 'cat', '/x']), image).toBe('x\n');
}, 900_000);

it('a container that was never whole, or is no more, is dead: it does not start, and rm takes it away', async () => {
  const id = store.ok(['create', '--name', 'half', 'base:1', 'true']).trim();
  rmSync(join(store.root, 'containers', id), { recursive: true });
  expect(store.ok(['ps', '-a', '--format', '{{.Names}} {{.State}}'])).toBe('half dead\n');
  const images = store.ok(['images', '-aq']);
  const verbs = [
    ['start', 'half'],
    ['restart', 'half'],
    ['commit', 'half', 'of-half:1'],
    ['commit', '--incremental', 'half'],
    ['fork', 'half'],
    ['reset', 'half'],
    ['diff', 'half'],
    ['export', 'half'],
    ['exec', 'half', 'true'],
    ['attach', 'half'],
    ['cp', 'half:/etc', '-'],
    ['cp', '/etc/hostname', 'half:/x'],
    ['logs', 'half'],
    ['top', 'half'],
    ['pause', 'half'],
    ['kill', 'half'],
    ['update', '--memory', '64m', 'half'],
  ];
  for (const verb of verbs)
    expect(store.run(verb), verb.join(' ')).toMatchObject({
      code: expect.toSatisfy((code) => code !== 0),
      err: expect.stringMatching(
        /container half is dead: its making or its removal was cut off\n {2}mica rm half takes away what is left of it\n/,
      ),
    });
  expect(store.run(['commit', '--all', '--json'])).toMatchObject({
    code: 1,
    out: expect.stringMatching(/half is dead/),
  });
  expect(store.ok(['images', '-aq'])).toBe(images);
  store.ok(['rm', 'half']);
  await store.removeContainers();
});

/** How many entries a folder has; none when it is gone, which a removal beside us may do at any moment. */
function entriesIn(folder: string): number {
  try {
    return readdirSync(folder).length;
  } catch {
    return 0;
  }
}

it('kill -9 in a cp leaves nothing of the file that came: no commit takes it in', async () => {
  const id = store.ok(['create', '--name', 'stuffed', 'base:1', 'sh']).trim();
  const upper = join(store.root, 'containers', id, 'upper');
  writeFileSync(join(store.work, 'large'), Buffer.alloc(8 << 20, 1));
  const tar = spawnSync('tar', ['-C', store.work, '-c', 'large'], { maxBuffer: 1 << 26 }).stdout;
  const copying = store.spawn(['cp', '-', 'stuffed:/etc']);
  copying.stdin.on('error', () => {});
  copying.stdin.write(tar.subarray(0, 5 << 20));
  await expect.poll(() => written(copying.pid ?? 0), patience).toBeGreaterThan(1 << 20);
  copying.kill('SIGKILL');
  await once(copying, 'close');
  expect(readdirSync(join(upper, 'etc'))).toEqual([]);
  store.ok(['rm', 'stuffed']);
});

/** Bytes of the file that a process writes under no name, or a hidden one. */
function written(pid: number): number {
  const fds = `/proc/${pid}/fd`;
  const sizes = readdirSync(fds).map((fd) => {
    try {
      return /\.mica-|\(deleted\)$/.test(readlinkSync(join(fds, fd))) ? statSync(join(fds, fd)).size : 0;
    } catch {
      return 0; // closed meanwhile
    }
  });
  return Math.max(0, ...sizes);
}

it('kill -9 while an unpacked layer is removed: made again, the image has all of its files, and nothing is damaged', async () => {
  const tree = join(store.work, 'many');
  for (let dir = 0; dir < 40; dir++) {
    mkdirSync(join(tree, `d${dir}`), { recursive: true });
    for (let file = 0; file < 100; file++) writeFileSync(join(tree, `d${dir}`, `f${file}`), '');
  }
  cpSync(join(store.work, 'rootfs/bin'), join(tree, 'bin'), { recursive: true, verbatimSymlinks: true });
  const input = spawnSync('tar', ['-C', tree, '-c', '.'], { maxBuffer: 1 << 26 }).stdout;
  const layer = join(store.root, 'layers', createHash('sha256').update(input).digest('hex'));
  for (let round = 0; round < 4; round++) {
    store.ok(['import', '-', 'many:1'], { input });
    const count = ['run', '--rm', '--network', 'none', 'many:1', 'sh', '-c', 'find /d* -type f | wc -l'];
    expect(store.ok(count)).toBe('4000\n');
    const whole = readdirSync(layer).length;
    const removal = store.spawn(['rmi', 'many:1']);
    const ended = once(removal, 'exit');
    // From the first of its files on that is gone.
    while (removal.exitCode === null && entriesIn(layer) === whole) await sleep(0);
    removal.kill('SIGKILL');
    await ended;
    expect(store.run(['system', 'check'])).toMatchObject({ code: 0, err: '' });
    store.ok(['import', '-', 'many:1'], { input });
    expect(store.ok(count), `round ${round}`).toBe('4000\n');
    store.ok(['rmi', 'many:1']);
    expect(readdirSync(join(store.root, 'layers')).filter((name) => name.startsWith('.'))).toEqual([]);
  }
}, 120_000);
