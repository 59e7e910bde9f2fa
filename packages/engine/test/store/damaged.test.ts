import { execFileSync } from 'node:child_process';
import {
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Engine, runFolder } from '../../src/index.ts';
import { Store } from '../../src/store/store.ts';
import { makeNode, S_IFIFO } from '../../src/system/nodes.ts';
import { makeTar } from '../support/tar.ts';

/** A store that a bad disk, or a hand, has been at. What is whole in it goes on; what is not is told, and can go. */
let work: string;
let root: string;
let engine: Engine;
beforeEach(async () => {
  work = mkdtempSync(join(tmpdir(), 'mica-damaged-'));
  root = join(work, 'deep/er/store');
  engine = new Engine({ root });
  await importAs('base:1', '/motd');
});
afterEach(() => {
  engine.close();
  rmSync(runFolder(root), { recursive: true, force: true });
  rmSync(work, { recursive: true, force: true });
});
async function importAs(reference: string, name: string): Promise<string> {
  const tar = await makeTar([{ name: name.slice(1), body: 'hello' }]);
  return engine.archives.import(Readable.from([tar]), { reference, changes: ['LABEL keep=yes'] });
}
function sql(...statements: readonly string[]): void {
  using store = Store.open(root);
  for (const statement of statements) store.db.run(statement);
}
async function twoContainers(): Promise<string> {
  await engine.containers.create({ image: 'base:1', name: 'whole', command: ['sh'], network: 'none' });
  return engine.containers.create({ image: 'base:1', name: 'hurt', command: ['sh'], network: 'none' });
}

it.each([
  ['no JSON', `'{oops'`],
  ['null', `'null'`],
  ['a list', `'[]'`],
  ['empty', `'{}'`],
  ['of other types', `json_set(record, '$.options.labels', 'x')`],
  ['without its mounts', `json_set(record, '$.mounts', json('null'))`],
  ['of a time that is none', `json_set(record, '$.finishedAt', 'yesterday')`],
])(
  'the record of one container is %s: it is dead, all others are as they were, and it can be removed',
  async (_, to) => {
    const id = await twoContainers();
    sql(`UPDATE containers SET record = ${to} WHERE name = 'hurt'`);
    const found = Object.fromEntries(engine.containers.list(true, { size: true }).map((one) => [one.name, one.status]));
    expect(found).toEqual({ whole: 'created', hurt: 'dead' });
    expect(engine.containers.inspect('hurt').State.Status).toBe('dead');
    expect(engine.usage()).toBeDefined();
    for (const use of [() => engine.containers.start('hurt'), () => engine.commit('hurt'), () => engine.diff('hurt')])
      await expect(use()).rejects.toMatchObject({ code: 'store-damaged', message: expect.stringContaining('hurt') });
    expect((await engine.check()).problems).toEqual(['container hurt: its record is not readable']);
    // It may run, and its files may be all that is left of it.
    await expect(engine.containers.remove('hurt')).rejects.toMatchObject({ code: 'store-damaged' });
    await engine.containers.remove('hurt', true);
    expect(existsSync(join(root, 'containers', id))).toBe(false);
    expect(engine.containers.list(true).map(({ name }) => name)).toEqual(['whole']);
  },
);

it('IDs and digests that are paths lead nowhere', async () => {
  await twoContainers();
  const victim = join(work, 'deep/victim');
  mkdirSync(victim);
  writeFileSync(join(victim, 'file'), 'precious');
  sql(
    `UPDATE containers SET id = '../../../victim' WHERE name = 'hurt'`,
    `INSERT INTO blobs VALUES ('sha256:../../../../victim/file', 8, 'x', 'another boot')`,
    `INSERT INTO images VALUES ('sha256:../../../../victim/file', 'sha256:..', '', 1, NULL, '{}')`,
    `INSERT INTO commits VALUES ((SELECT id FROM containers WHERE name = 'whole'), 'x', NULL, '../../victim/file', '{}', 1)`,
  );
  expect(engine.containers.list(true)).toHaveLength(2);
  await engine.commit('whole', 'again:1');
  await engine.containers.remove('hurt', true);
  engine.images.remove('sha256:../../../../victim/file', true);
  engine.collect();
  expect(readFileSync(join(victim, 'file'), 'utf8')).toBe('precious');
  expect(engine.images.list().map(({ repoTags }) => repoTags[0])).toEqual(['again:1', 'base:1']);
});

it('what the database says of one image is damaged: images are listed and removed, and labels are those of its config', async () => {
  const id = await importAs('hurt:1', '/other');
  sql(
    `UPDATE images SET labels = 'oops', size = 9223372036854775807 WHERE id = '${id}'`,
    `UPDATE refs SET name = 'No Name' WHERE image = '${id}'`,
  );
  const [hurt] = engine.images.list().filter((one) => one.id === id);
  expect(hurt).toMatchObject({ labels: { keep: 'yes' }, repoTags: ['No Name'] });
  expect(engine.images.inspect(id).RepoTags).toEqual(['No Name']);
  expect(engine.images.remove(id, false)).toContainEqual({ untagged: 'No Name' });
  expect(engine.images.list()).toHaveLength(1);
});

it('an image that is its own ancestor is squashed', async () => {
  const id = engine.images.inspect('base:1').Id;
  sql(`UPDATE images SET parent = id`);
  expect(await engine.squash('base:1')).toMatch(/^sha256:/);
  const top = (await engine.commitFrom(join(work, 'deep'), 'base:1')).imageId;
  sql(`UPDATE images SET parent = '${top}' WHERE id = '${id}'`);
  expect(await engine.squash(top)).toMatch(/^sha256:/);
});

it('a database that is gone, or empty, is no new store: a prune of that would remove all that is left', () => {
  engine.close();
  for (const name of ['mica.db-wal', 'mica.db-shm']) rmSync(join(root, name), { force: true });
  const blobs = readdirSync(join(root, 'blobs/sha256'));
  const refused = expect.objectContaining({ code: 'store-damaged', message: expect.stringContaining('is empty') });
  truncateSync(join(root, 'mica.db'));
  expect(() => Store.open(root)).toThrow(refused);
  rmSync(join(root, 'mica.db'));
  expect(() => Store.open(root)).toThrow(refused);
  expect(readdirSync(join(root, 'blobs/sha256'))).toEqual(blobs);
});

it('a database that lost its bytes and not its log: the log stays, with all that is in it', () => {
  const log = join(root, 'mica.db-wal');
  const copy = join(work, 'copy');
  cpSync(root, copy, { recursive: true });
  truncateSync(join(copy, 'mica.db'));
  expect(() => Store.open(copy)).toThrow(expect.objectContaining({ code: 'store-damaged' }));
  expect(readFileSync(join(copy, 'mica.db-wal'))).toEqual(readFileSync(log));
});

it('the log of another store beside the database: told, not taken in, and without it all is there', () => {
  engine.close();
  const root2 = join(work, 'other');
  const other = new Engine({ root: root2 });
  const [log, index] = ['mica.db-wal', 'mica.db-shm'].map((name) => join(root, name)) as [string, string];
  try {
    cpSync(join(root2, 'mica.db-wal'), log);
  } finally {
    other.close();
  }
  const before = readFileSync(log);
  for (let again = 0; again < 2; again++)
    expect(() => new Engine({ root })).toThrow(
      expect.objectContaining({ code: 'store-damaged', message: expect.stringContaining('of another store') }),
    );
  expect(readFileSync(log)).toEqual(before);
  for (const name of [log, index]) rmSync(name, { force: true });
  engine = new Engine({ root });
  expect(engine.images.list().map(({ repoTags }) => repoTags)).toEqual([['base:1']]);
  expect(engine.collect()).toBe(0);
});

it.each([
  ['of another program', 'CREATE TABLE notes (text)', 0],
  ['of another program, with a version', 'CREATE TABLE notes (text)', 8],
  ['with a version that is none', '', -3],
  ['with an earlier version than its tables', '', 3],
])('a database %s: told as damage, and nothing is removed for want of a row', (_, table, version) => {
  engine.close();
  const blobs = readdirSync(join(root, 'blobs/sha256'));
  if (table) rmSync(join(root, 'mica.db'));
  const db = new DatabaseSync(join(root, 'mica.db'));
  db.exec(`${table}; PRAGMA user_version = ${version}`);
  db.close();
  expect(() => new Engine({ root })).toThrow(
    expect.objectContaining({ code: 'store-damaged', hint: expect.stringContaining('put a copy of it back') }),
  );
  expect(readdirSync(join(root, 'blobs/sha256'))).toEqual(blobs);
});

it('a page of the database is overwritten: system check says so, and goes on with all that can be read', async () => {
  engine.close();
  const path = join(root, 'mica.db');
  const db = new DatabaseSync(path);
  const { rootpage } = db.prepare(`SELECT rootpage FROM sqlite_schema WHERE name = 'containers'`).get() as {
    rootpage: number;
  };
  db.close();
  const fd = openSync(path, 'r+');
  writeSync(fd, Buffer.alloc(4096, 0xa5), 0, 4096, (rootpage - 1) * 4096);
  closeSync(fd);
  rmSync(join(root, 'blobs/sha256', readdirSync(join(root, 'blobs/sha256'))[0] as string));
  engine = new Engine({ root });
  const { problems } = await engine.check();
  expect(problems).toContainEqual(expect.stringMatching(/^mica[.]db: /));
  expect(problems).toContainEqual(expect.stringMatching(/^blob [0-9a-f]{12}: /));
});

it.each<[string, ...(() => Promise<unknown>)[]]>([
  ['containers', () => engine.containers.remove('hurt', true), () => engine.containers.start('hurt')],
  ['volumes', async () => engine.volumes.remove('data'), async () => engine.volumes.create({ name: 'more' })],
  ['blobs', async () => engine.images.remove('base:1', true), async () => engine.collect()],
])('the disk of %s, a link, is not mounted: said so, and nothing is removed for that', async (name, ...uses) => {
  await twoContainers();
  engine.volumes.create({ name: 'data' });
  renameSync(join(root, name), join(work, 'disk'));
  symlinkSync(join(work, 'mounted'), join(root, name));
  const damaged = {
    code: 'store-damaged',
    subject: join(root, name),
    hint: expect.stringContaining('mount the disk'),
  };
  for (const use of uses) {
    const error = await Promise.resolve()
      .then(use)
      .catch((failure) => engine.explain(failure));
    expect(error).toMatchObject(damaged);
  }
  expect((await engine.check()).problems[0]).toBe(`${join(root, name)} leads to no folder`);
  if (name !== 'containers') await engine.containers.remove('whole');

  symlinkSync(join(work, 'disk'), join(work, 'mounted'));
  expect((await engine.check()).problems).toEqual([]);
  await engine.containers.remove('hurt');
  engine.volumes.remove('data');
});

it('a pipe in the place of the database is told, not waited for', () => {
  engine.close();
  rmSync(join(root, 'mica.db'));
  makeNode(join(root, 'mica.db'), S_IFIFO | 0o600, 0n);
  expect(() => new Engine({ root })).toThrow(expect.objectContaining({ code: 'store-damaged' }));
});

it.each(['mkdir', 'mkfifo'])("%s in a blob's place: damage that is told, and gives way to the blob", async (make) => {
  const id = engine.images.inspect('base:1').Id;
  const path = join(root, 'blobs/sha256', id.slice(7));
  const hurt = () => {
    rmSync(path, { recursive: true });
    execFileSync(make, [path]);
  };
  hurt();
  expect(() => engine.images.inspect('base:1')).toThrow(expect.objectContaining({ code: 'store-damaged' }));
  expect((await engine.check()).problems).toHaveLength(2);
  engine.images.remove('base:1', false);
  expect(existsSync(path)).toBe(false);
  expect(await importAs('base:1', '/motd')).toMatch(/^sha256:/);
});

it('settings, networks, events and the note of the last commit: each is damaged alone', async () => {
  const id = await twoContainers();
  await engine.commit('hurt', 'one:1');
  const net = engine.networks.create('net1');
  engine.networks.create('net2');
  sql(
    `UPDATE settings SET value = 'oops'`,
    `UPDATE networks SET record = '{"bridge":"..","subnet":"999.1/99"}' WHERE name = 'net1'`,
    `UPDATE events SET attributes = 'oops'`,
    `UPDATE commits SET young = 'oops' WHERE container = '${id}'`,
  );
  engine.close();
  engine = new Engine({ root });
  await engine.commit('hurt', 'two:1', { incremental: true });
  expect(engine.networks.list().map(({ name }) => name)).toEqual(expect.arrayContaining(['net1', 'net2', 'none']));
  engine.networks.remove('net1');
  expect(engine.networks.list().some((one) => one.id === net)).toBe(false);
  const events = [];
  for await (const event of engine.events({ since: 0n, follow: false })) events.push(event.action);
  expect(events).toContain('create');
  engine.settle();
});

it.each(['size = 9223372036854775807', 'size = size + 1', 'tar_size = -1'])(
  'a layer whose row says %s goes into no manifest; the container that has it makes it anew',
  async (to) => {
    const id = await twoContainers();
    writeFileSync(join(root, 'containers', id, 'upper/new'), 'new');
    await engine.commit('hurt', 'one:1');
    const top = engine.images.inspect('one:1').RootFS.Layers[1];
    sql(`UPDATE layers SET ${to} WHERE diff_id = '${top}'`);
    await expect(engine.squash('one:1')).rejects.toMatchObject({ code: 'store-damaged' });
    expect((await engine.check()).problems.length).toBeGreaterThan(0);
    await engine.commit('hurt', 'two:1');
    expect((await engine.check()).problems).toEqual([]);
  },
);
