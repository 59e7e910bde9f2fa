import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { bin, TestStore } from '../support/store.ts';

const store = new TestStore();
afterAll(() => store.remove());

/** `mica ps` by way of another path to the launcher. */
function ps(program: string, cwd: string): string {
  const env = { ...process.env, MICA_ROOT: store.root };
  const { status, stdout, stderr } = spawnSync(program, ['ps'], { cwd, env, encoding: 'utf8' });
  return `${stdout}${stderr}(${status})`;
}

it('the launcher is found by itself, by a link to it, by a link to its folder, by a link to that link', () => {
  const expected = ps(bin, '/');
  expect(expected).toMatch(/^CONTAINER ID .*\n\(0\)$/);
  const links = join(store.work, 'links');
  mkdirSync(links);
  symlinkSync(bin, join(links, 'mica'));
  symlinkSync(dirname(bin), join(links, 'folder'));
  symlinkSync('mica', join(links, 'again'));
  symlinkSync('folder/mica', join(links, 'through'));
  for (const name of ['mica', 'folder/mica', 'again', 'through']) {
    expect(ps(join(links, name), '/'), name).toBe(expected);
    expect(ps(`./${name}`, links), name).toBe(expected);
  }
  expect(ps(`./${basename(bin)}`, dirname(bin))).toBe(expected);
});

it('the bundle runs while it is as new as each folder of sources, the sources as soon as one is newer', () => {
  const root = join(store.work, 'checkout');
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  for (const folder of ['bin', 'node_modules', 'packages/core-wasm/build'])
    mkdirSync(join(root, folder), { recursive: true });
  copyFileSync(bin, join(root, 'bin/mica'));
  symlinkSync(join(dirname(bin), '../.toolchain'), join(root, '.toolchain'));
  write('packages/cli/dist/main.js', 'console.log("bundle")');
  write('packages/cli/dist/folders.sh', "mica_folders='cli/src\nengine/src/deep/er'\n");
  write('packages/cli/src/main.ts', 'console.log("sources")');
  write('packages/engine/src/deep/er/part.ts', '');
  const folder = join(root, 'packages/engine/src/deep/er');
  const at = (path: string, seconds: number) => utimesSync(path, seconds, seconds);
  const shown = () => ps(join(root, 'bin/mica'), '/');
  const now = Date.now() / 1000;
  for (const path of [folder, join(root, 'packages/cli/src')]) at(path, now - 60);
  expect(shown()).toBe('bundle\n(0)');
  // As git and most editors write a file: a new one in the old one's place.
  write('packages/engine/src/deep/er/new', '');
  renameSync(join(folder, 'new'), join(folder, 'part.ts'));
  at(join(root, 'packages/cli/dist/main.js'), now - 30);
  expect(shown()).toBe('sources\n(0)');
  rmSync(folder, { recursive: true });
  expect(shown()).toBe('bundle\n(0)');
  at(join(root, 'packages/cli/src'), now + 60);
  expect(shown()).toBe('sources\n(0)');
});

it("what the caller exports is not the launcher's: mica run -e NAME gives it to a container", () => {
  const root = join(store.work, 'exported');
  for (const folder of ['bin', 'node_modules', 'packages/core-wasm/build', 'packages/cli/dist', 'links'])
    mkdirSync(join(root, folder), { recursive: true });
  copyFileSync(bin, join(root, 'bin/mica'));
  symlinkSync(join(dirname(bin), '../.toolchain'), join(root, '.toolchain'));
  symlinkSync('../bin/mica', join(root, 'links/mica'));
  writeFileSync(join(root, 'packages/cli/dist/main.js'), 'console.log(JSON.stringify(process.env))');
  copyFileSync(join(dirname(bin), '../packages/cli/dist/folders.sh'), join(root, 'packages/cli/dist/folders.sh'));
  // All that the script and what it reads assign, but what it means to give to Node.
  const scripts = ['bin/mica', 'packages/cli/dist/folders.sh'].map((file) => readFileSync(join(root, file), 'utf8'));
  const assigned = [...scripts.join('\n').matchAll(/^\s*(?:export |for )?([a-z]\w*)(?:=| in )/gm)].map(
    ([, name]) => name,
  );
  expect(assigned.length).toBeGreaterThan(5);
  const usual = ['root', 'source', 'sources', 'target', 'node', 'entry', 'self', 'found', 'beside', 'bundle', 'malloc'];
  const exported = Object.fromEntries(usual.map((name) => [name, 'the caller']));
  const { stdout } = spawnSync(join(root, 'links/mica'), { env: { ...process.env, ...exported }, encoding: 'utf8' });
  expect(JSON.parse(stdout)).toMatchObject(exported);
  for (const name of assigned) expect(name).toMatch(/^mica_/);
});

it('a CDPATH leads it nowhere else', () => {
  const links = join(store.work, 'cdpath');
  mkdirSync(links);
  symlinkSync(dirname(bin), join(links, 'folder'));
  const env = { ...process.env, MICA_ROOT: store.root, CDPATH: `${links}:/` };
  const { status, stderr } = spawnSync('sh', ['folder/mica', 'ps'], { cwd: links, env, encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});

it("what Node's permissions forbid is one line, and what they allow runs", () => {
  const run = (options: string) => {
    const env = { ...process.env, MICA_ROOT: store.root, NODE_OPTIONS: options };
    const { status, stdout, stderr } = spawnSync(bin, ['ps'], { env, encoding: 'utf8' });
    return { status, stdout, stderr };
  };
  const refused = {
    status: 125,
    stdout: '',
    stderr: 'mica: --permission in NODE_OPTIONS forbids files, programs or threads that Mica needs: take it out\n',
  };
  expect(run('--permission')).toEqual(refused);
  const files = '--no-warnings --permission --allow-fs-read=* --allow-fs-write=*';
  expect(run(files)).toEqual(refused);
  const all = `${files} --allow-child-process --allow-worker --allow-addons`;
  expect(run(all)).toMatchObject({ status: 0, stdout: expect.stringContaining('CONTAINER ID'), stderr: '' });
});

it('a link to it that goes while it is read is told', () => {
  const [path, link] = [join(store.work, 'no-readlink'), join(store.work, 'going')];
  mkdirSync(path);
  symlinkSync('/bin/false', join(path, 'readlink'));
  symlinkSync(bin, link);
  const { status, stderr } = spawnSync(link, ['ps'], { env: { PATH: path }, encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 125, stderr: `mica: cannot read the link ${link}\n` });
});

it('where no Node that is new enough can be run, one line says so', () => {
  const root = join(store.work, 'old-node');
  for (const folder of ['bin', 'path', 'node_modules', 'packages/core-wasm/build', 'packages/cli/dist'])
    mkdirSync(join(root, folder), { recursive: true });
  copyFileSync(bin, join(root, 'bin/mica'));
  writeFileSync(join(root, 'packages/cli/dist/main.js'), '');
  writeFileSync(join(root, 'packages/cli/dist/folders.sh'), "mica_folders=''\n");
  const own = join(root, '.toolchain/node-26.0.0/bin/node');
  mkdirSync(dirname(own), { recursive: true });
  writeFileSync(own, '', { mode: 0o644 }); // there, but not executable
  const node = join(root, 'path/node');
  const run = () => spawnSync(join(root, 'bin/mica'), ['ps'], { env: { PATH: join(root, 'path') }, encoding: 'utf8' });
  const refused = { status: 125, stdout: '', stderr: expect.stringMatching(/^mica: no Node 26 that can be run.*\n$/) };
  expect(run()).toMatchObject(refused);
  writeFileSync(node, '#!/bin/sh\necho v20.19.0\n', { mode: 0o755 });
  expect(run()).toMatchObject(refused);
  writeFileSync(node, '#!/bin/sh\necho v26.1.0\n', { mode: 0o755 });
  expect(run()).toMatchObject({ status: 0, stderr: '' });
});

it('after another boot Node is read in order, once, before it is run; without a note of the boot it is not', () => {
  const root = join(store.work, 'boots');
  const bins = join(root, '.toolchain/node-26.0.0/bin');
  for (const folder of ['bin', 'path', 'node_modules', 'packages/core-wasm/build', 'packages/cli/dist'])
    mkdirSync(join(root, folder), { recursive: true });
  mkdirSync(bins, { recursive: true });
  copyFileSync(bin, join(root, 'bin/mica'));
  writeFileSync(join(root, 'packages/cli/dist/main.js'), '');
  writeFileSync(join(root, 'packages/cli/dist/folders.sh'), "mica_folders=''\n");
  const [node, cat, told] = [join(bins, 'node'), join(root, 'path/cat'), join(root, 'told')];
  writeFileSync(node, `#!/bin/sh\necho node >> ${told}\n`, { mode: 0o755 });
  writeFileSync(cat, `#!/bin/sh\necho "cat $*" >> ${told}\n`, { mode: 0o755 });
  const run = () => {
    rmSync(told, { force: true });
    const { status, stderr } = spawnSync(join(root, 'bin/mica'), ['ps'], {
      env: { PATH: join(root, 'path') },
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    return readFileSync(told, 'utf8').replaceAll(`${root}/bin/../`, '');
  };
  expect(run()).toBe('node\n');
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8');
  for (const before of [boot.replaceAll(/[0-9a-f]/g, '0'), '', 'half']) {
    writeFileSync(`${node}.boot`, before);
    expect(run()).toBe('cat .toolchain/node-26.0.0/bin/node\nnode\n');
    expect(readFileSync(`${node}.boot`, 'utf8')).toBe(boot);
    expect(run()).toBe('node\n');
  }
});

it('what V8 compiles beside the command asks for no memory there: at the exit each would wait for the other', () => {
  const [told, started] = [join(store.work, 'told'), join(store.work, 'tell.cjs')];
  writeFileSync(started, `require('fs').appendFileSync(${JSON.stringify(told)}, process.execArgv.join('\\n'));`);
  const env = { ...process.env, MICA_ROOT: store.root, NODE_OPTIONS: `--require=${started}` };
  expect(spawnSync(bin, ['ps'], { env }).status).toBe(0);
  const flags = readFileSync(told, 'utf8').split('\n');
  expect(flags).toContain('--no-concurrent-sparkplug');
  for (const what of ['build-code', 'deopt-data']) expect(flags).toContain(`--no-maglev-${what}-on-background`);
});
