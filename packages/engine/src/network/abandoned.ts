import { mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { processStart } from '../store/files.ts';
import { NftSocket } from '../system/nftables.ts';
import { RouteSocket } from '../system/rtnetlink.ts';
import { passForeignFirewall } from './foreign-firewall.ts';
import { stopServer } from './name-server.ts';
import { type Scope, tableOf } from './scope.ts';

/*
 * A store that is deleted, or lost with its disk, leaves its interfaces and rules behind, and with them the mappings of its
 * containers' ports: whatever listens on such a port later is not reached. Nobody could tell whose they are but for a note
 * in the store's run folder, a file for each interface; the next store that makes one of its own takes them away.
 */

const NOTES = 'interfaces';

/** Under the lock, as the interface is made. The machine's own store needs none: it is never gone, as docker's is not. */
export function noteInterface(scope: Scope, name: string): void {
  if (scope.permanent) return;
  const folder = join(scope.run, NOTES);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, name), `${namespace()}\n${scope.store.root}`, { mode: 0o600 });
}

/** Under the lock, once it is away. */
export function forgetInterface(scope: Scope, name: string): void {
  rmSync(join(scope.run, NOTES, name), { force: true });
}

/** Under the lock. What cannot be taken away now is tried again the next time; no command of this store fails for it. */
export function sweepAbandoned(scope: Scope): void {
  const all = dirname(scope.run);
  for (const name of readdirSync(all)) {
    const run = join(all, name);
    if (run === scope.run || !/^[0-9a-f]{8}$/.test(name)) continue;
    try {
      takeAway(run, interfacesOf(run));
    } catch {}
  }
}

/** Those of this network namespace, of a store that is no longer there; none while a container of it runs. */
function interfacesOf(run: string): string[] {
  const here = namespace();
  const names = readdirSync(join(run, NOTES)).filter((name) => {
    const [where, ...root] = readFileSync(join(run, NOTES, name), 'utf8').split('\n');
    return where === here && !isThere(join(root.join('\n'), 'mica.db'));
  });
  return names.length > 0 && !isInUse(run) ? names : [];
}

function takeAway(run: string, names: readonly string[]): void {
  if (names.length === 0) return;
  using links = new RouteSocket();
  using nft = new NftSocket();
  stopServer(run);
  for (const name of names) if (links.deleteLink(name)) passForeignFirewall(nft, name, '-D');
  nft.deleteTable(tableOf(run));
  // Its containers' exit codes stay: the store may be on a disk that is not mounted.
  for (const name of names) rmSync(join(run, NOTES, name), { force: true });
}

/** A monitor or a container whose number stands in the run folder. */
function isInUse(run: string): boolean {
  return readdirSync(run).some((id) =>
    ['conmon.pid', 'pidfile'].some((file) => {
      try {
        return processStart(Number(readFileSync(join(run, id, file), 'latin1'))) !== undefined;
      } catch {
        return false; // no folder of a container
      }
    }),
  );
}

/** Anything but "it is not there" is no answer. */
function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** Of this process: another one's interfaces are none of its business. */
function namespace(): string {
  return readlinkSync('/proc/self/ns/net');
}
