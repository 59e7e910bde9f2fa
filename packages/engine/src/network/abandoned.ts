import { mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isAlive, thisProcess } from '../store/files.ts';
import { NftSocket } from '../system/nftables.ts';
import { RouteSocket } from '../system/rtnetlink.ts';
import { passForeignFirewall } from './foreign-firewall.ts';
import { stopServer } from './name-server.ts';
import { type Scope, tableOf } from './scope.ts';

/*
 * A store that is deleted, or lost with its disk, leaves its interfaces and rules behind, and with them the mappings of its
 * containers' ports: whatever listens on such a port later is not reached. Nobody could tell whose they are but for a note
 * in the store's run folder, a file for each interface; the next store that makes one of its own takes them away. What is
 * taken away in error comes back with the next container of its store: only one that has a container on it now would miss it.
 */

/** What a note says of an interface. */
interface Note {
  /** The namespaces of who made it: of another's nothing can be said. */
  readonly where: string;
  /** Between this and the first container on it. */
  readonly maker: { readonly pid: number; readonly start: string };
  readonly root: string;
  /** Of the store that was at `root` then. */
  readonly store: string | null;
}

const NOTES = 'interfaces';

/** Under the lock, as the interface is made. The machine's own store needs none: it is never gone, as docker's is not. */
export function noteInterface(scope: Scope, name: string): void {
  if (scope.permanent) return;
  const { root } = scope.store;
  try {
    const note: Note = { where: here(), maker: thisProcess(), root, store: storeAt(root) };
    mkdirSync(join(scope.run, NOTES), { recursive: true, mode: 0o700 });
    writeFileSync(join(scope.run, NOTES, name), JSON.stringify(note), { mode: 0o600 });
  } catch {} // no room: nothing of this store's depends on it
}

/** Whether it was made by a store that was here before this one. */
export function isOfAnother(scope: Scope, name: string): boolean {
  const note = noteOf(scope.run, name);
  return note !== null && note.store !== storeAt(scope.store.root);
}

/** Under the lock, once it is away. */
export function forgetInterface(scope: Scope, name: string): void {
  if (noteOf(scope.run, name)?.where === here()) rmSync(join(scope.run, NOTES, name), { force: true });
}

/** Under the lock. What cannot be taken away now is tried again the next time; no command of this store fails for it. */
export function sweepAbandoned(scope: Scope): void {
  try {
    const all = dirname(scope.run);
    // This store's as well: another one may have been where it is now.
    for (const name of readdirSync(all)) if (/^[0-9a-f]{8}$/.test(name)) takeAway(join(all, name));
  } catch {}
}

function takeAway(run: string): void {
  try {
    const notes = readdirSync(join(run, NOTES)).flatMap((name) => {
      const note = noteOf(run, name);
      return note?.where === here() ? [{ name, note }] : [];
    });
    // All or none: they have one table.
    if (notes.length === 0 || !notes.every(isAbandoned)) return;
    using links = new RouteSocket();
    using nft = new NftSocket();
    stopServer(run);
    for (const { name } of notes) if (links.deleteLink(name)) passForeignFirewall(nft, name, '-D');
    nft.deleteTable(tableOf(run));
    // Its containers' exit codes stay: the store may be on a disk that is not mounted.
    for (const { name } of notes) rmSync(join(run, NOTES, name), { force: true });
  } catch {}
}

/** Its store is no longer there, or another one is in its place; and no container has an interface of its own on it. */
function isAbandoned({ name, note }: { readonly name: string; readonly note: Note }): boolean {
  return !isAlive(note.maker) && storeAt(note.root) !== note.store && !hasPorts(name);
}

function hasPorts(name: string): boolean {
  try {
    return readdirSync(`/sys/class/net/${name}/brif`).length > 0;
  } catch {
    return false; // gone
  }
}

/** Null where there is none, or half a one. */
function noteOf(run: string, name: string): Note | null {
  try {
    return JSON.parse(readFileSync(join(run, NOTES, name), 'utf8'));
  } catch {
    return null;
  }
}

/** Which store is there, null for none. @throws where that cannot be told: a disk that does not answer is not gone */
function storeAt(root: string): string | null {
  const found = statSync(join(root, 'mica.db'), { throwIfNoEntry: false, bigint: true });
  return found === undefined ? null : `${found.dev}:${found.ino}:${found.birthtimeNs}`;
}

function here(): string {
  return ['net', 'pid'].map((kind) => readlinkSync(`/proc/self/ns/${kind}`)).join();
}
