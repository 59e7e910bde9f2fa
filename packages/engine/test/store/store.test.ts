import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Store } from '../../src/store/store.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'mica-store-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const bytes = new TextEncoder().encode('hello');

test('a blob comes back, a wrong digest leaves nothing', () => {
  using store = Store.open(root);
  const { digest } = store.blobs.put(bytes, 'text/plain');
  expect(digest).toBe('sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824');
  expect(store.blobs.put(bytes, 'text/plain').digest).toBe(digest);
  expect(new Uint8Array(store.blobs.read(digest))).toEqual(bytes);
  expect(() => store.blobs.put(bytes, 'text/plain', `sha256:${'0'.repeat(64)}`)).toThrow('does not match its digest');
  expect(readdirSync(join(root, 'blobs/tmp'))).toEqual([]);
});

test('a transaction within another writes to no file but those of the store, whatever it changes', () => {
  const elsewhere = join(root, 'temporary');
  mkdirSync(elsewhere);
  const before = statSync(elsewhere, { bigint: true });
  const program = `
    import { Store } from ${JSON.stringify(new URL('../../src/store/store.ts', import.meta.url).href)};
    using store = Store.open(${JSON.stringify(join(root, 'store'))});
    const put = (n) => store.blobs.put(Buffer.from(String(n)), 'text/plain');
    store.transaction(() => {
      for (let n = 0; n < 2000; n++) put(n);
    });
    store.transaction(() => {
      store.attempt(() => {
        for (let n = 2000; n < 2200; n++) put(n);
      });
    });
    console.log(store.blobs.all().length);`;
  // SQLite asks for its variable when it makes such a file, which is then this process's own and not a thread's.
  const env = { ...process.env, SQLITE_TMPDIR: elsewhere };
  const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', program];
  expect(execFileSync(process.execPath, args, { env, encoding: 'utf8' })).toBe('2200\n');
  // Made and removed at once, a file leaves no trace but this.
  expect(statSync(elsewhere, { bigint: true }).mtimeNs).toBe(before.mtimeNs);
});

test('a blob whose file is gone: the store is damaged, whoever reads it', () => {
  using store = Store.open(root);
  const { digest } = store.blobs.put(bytes, 'text/plain');
  rmSync(store.blobs.path(digest));
  expect(() => store.blobs.open(digest)).toThrow(`blob ${digest} is not in the store`);
  expect(() => store.blobs.read(digest)).toThrow(`blob ${digest} is not in the store`);
});

test('a blob of other bytes, of the same length, is not given to whoever reads it', () => {
  using store = Store.open(root);
  const { digest } = store.blobs.put(bytes, 'text/plain');
  writeFileSync(store.blobs.path(digest), 'HELLO');
  expect(() => store.blobs.read(digest)).toThrow('does not match its digest');
});

test('a prune takes what is neither leased nor used', () => {
  using store = Store.open(root);
  const { digest } = store.blobs.put(bytes, 'text/plain');
  expect(store.collect().blobs).toEqual([]);
  store.images.insert({ id: digest, manifest: digest, created: '', size: 0, parent: null, labels: {} }, [digest]);
  expect(store.collect().blobs).toEqual([]);
  store.images.delete(digest);
  const layer = { diffId: digest, digest, size: 5, mediaType: 'application/x-tar', tarSize: 5 };
  store.layers.put({ ...layer, entries: 0 });
  expect(store.collect().blobs).toEqual([digest]);
  expect(store.blobs.has(digest)).toBe(false);
  // Neither a row of the layer stays, nor of what its blobs were called: a store of many commits would only grow.
  expect([store.layers.all(), store.layers.forms(digest)]).toEqual([[], []]);
});

test('what a process held that is no more goes with the next prune', () => {
  using store = Store.open(root);
  const { digest } = store.blobs.put(bytes, 'text/plain');
  store.db.run('UPDATE leases SET pid = 4194304'); // above the highest process number there is
  expect(store.collect().blobs).toEqual([digest]);
});

test('after another boot a pending blob is verified, a damaged one dropped', () => {
  const store = Store.open(root);
  const good = store.blobs.put(bytes, 'text/plain').digest;
  const bad = store.blobs.put(new TextEncoder().encode('other'), 'text/plain').digest;
  store.db.run("UPDATE blobs SET pending = 'another boot'");
  writeFileSync(store.blobs.path(bad), '\0\0\0\0\0');
  store.close();
  using again = Store.open(root);
  expect([again.blobs.has(good), again.blobs.has(bad)]).toEqual([true, false]);
  expect(again.blobs.pending.settle()).toEqual({ synced: 1, dropped: [] });
});

test('a blob of a transaction that came to nothing leaves no file, one that was there before stays', () => {
  using store = Store.open(root);
  const files = () => readdirSync(join(root, 'blobs/sha256')).length;
  const put = (text: string) => store.blobs.put(Buffer.from(text), 'text/plain').digest;
  const failing = (run: () => void) => () => {
    run();
    throw new Error('no');
  };
  const old = put('old');
  const both = failing(() => [put('old'), put('new')]);
  expect(() => store.transaction(both)).toThrow('no');
  expect([files(), store.blobs.has(old)]).toEqual([1, true]);
  // Of a part that fails alone likewise; what another part has put as well is that one's.
  store.transaction(() => {
    put('kept');
    expect(() => store.attempt(failing(() => [put('kept'), put('old'), put('new')]))).toThrow('no');
    expect(files()).toBe(2);
  });
  expect(files()).toBe(2);
  expect([store.blobs.has(old), store.blobs.has(put('kept'))]).toEqual([true, true]);
});

test('temporary files of dead processes are swept', () => {
  using store = Store.open(root);
  const writer = store.blobs.writer();
  writeFileSync(join(root, 'blobs/tmp/4194304-1-x'), '');
  expect(store.blobs.files.sweep()).toBe(1);
  writer.abort();
});

test('many processes open a new store at once', async () => {
  const module = pathToFileURL(join(import.meta.dirname, '../../src/store/store.ts')).href;
  const code = `const {Store}=await import(${JSON.stringify(module)});const s=Store.open(${JSON.stringify(root)});s.blobs.put(Buffer.from('hello'),'t');s.close();`;
  const exits = Array.from({ length: 6 }, () =>
    once(spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: 'inherit' }), 'exit'),
  );
  for (const [exit] of await Promise.all(exits)) expect(exit).toBe(0);
});

test('containers: names are unique, prefixes resolve, updates are whole', () => {
  using store = Store.open(root);
  const image = `sha256:${'1'.repeat(64)}` as const;
  const row = (id: string, name: string) => ({ id: id.repeat(32), name, image, created: '', record: { n: 0 } });
  store.containers.insert(row('ab', 'one'));
  store.containers.insert(row('ac', 'two'));
  expect(() => store.containers.insert(row('ad', 'one'))).toThrow('already in use by container');
  expect(store.containers.find('ab').name).toBe('one');
  expect(store.containers.find('/two').id).toBe('ac'.repeat(32));
  expect(() => store.containers.find('a')).toThrow('Multiple IDs');
  expect(() => store.containers.find('zz')).toThrow('No such container: zz');
  expect(store.containers.update<{ n: number }>('ab'.repeat(32), (r) => ({ n: r.n + 1 }))).toEqual({ n: 1 });
});

test("on a full disk the database's log begins anew in the room it has, and what it held is kept", () => {
  using store = Store.open(root);
  for (let n = 0; n < 100; n++) store.setSetting('counted', `${n}`);
  const log = join(root, 'mica.db-wal');
  const { size } = statSync(log);
  expect(size).toBeGreaterThan(100_000);
  store.db.emptyLog();
  expect(store.setting('counted')).toBe('99');
  for (let n = 0; n < 10; n++) store.setSetting('counted', `${n}`);
  expect(statSync(log).size).toBe(size);
  expect(store.setting('counted')).toBe('9');
});

test('where there is room the log has blocks of its own, as many as it takes until it begins anew', () => {
  using store = Store.open(root);
  store.reserve.restore();
  const log = statSync(join(root, 'mica.db-wal'));
  expect(log.blocks * 512).toBeGreaterThan(1 << 20);
  expect(log.size).toBeLessThan(1 << 20);
});

test('nobody but its owner reaches a setuid program, a device or a secret of an image, also in a folder that all may enter', () => {
  const open = (path: string) => (statSync(path).mode & 0o077).toString(8);
  chmodSync(root, 0o755);
  const fresh = join(root, 'made/here');
  for (const at of [root, fresh]) {
    using store = Store.open(at);
    store.blobs.put(bytes, 'text/plain');
    for (const folder of ['blobs', store.layersDir, store.containersDir, store.volumesDir, store.downloadsDir])
      expect([folder, open(join(at, folder.replace(at, '')))]).toEqual([folder, '0']);
  }
  expect(open(fresh)).toBe('0');
});

test('a store that a newer mica wrote is refused, and nothing of it stays open', () => {
  {
    using store = Store.open(root);
    store.db.run('PRAGMA user_version = 999');
  }
  const open = () =>
    readdirSync('/proc/self/fd').filter((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`).startsWith(root);
      } catch {
        return false; // that of the listing itself
      }
    });
  expect(() => Store.open(root)).toThrow('written by a newer mica');
  expect(open()).toEqual([]);
});

test('a folder of blobs that cannot be made is named, and what to do about it', () => {
  mkdirSync(join(root, 'blobs'));
  const tmp = join(root, 'blobs/tmp');
  symlinkSync('tmp', tmp); // to itself
  using store = Store.open(root);
  const message = `prepare ${tmp}: too many symbolic links encountered`;
  const error = { subject: tmp, message, hint: expect.stringContaining('leads back to itself') };
  expect(() => store.blobs.temporary()).toThrow(expect.objectContaining(error));
});
