import { rmSync } from 'node:fs';
import { makeFolders } from '@mica/engine';
import { cacheFolder } from './data/trees.ts';
import type { Mica } from './peers/mica.ts';
import { openPeer } from './peers/open.ts';
import type { Opened, Peer, PeerName } from './peers/peer.ts';
import { makeRunFolder, sweepDeadRuns } from './run-folder.ts';

/** The engines of a run and the folder that holds their stores; all of it is gone after {@link close}. */
export class Session {
  readonly folder: string;
  readonly mica: Mica;
  readonly rivals: Map<PeerName, Opened> = new Map();

  private constructor(folder: string, mica: Mica) {
    this.folder = folder;
    this.mica = mica;
  }

  static async open(parent: string | null, rivals: readonly PeerName[]): Promise<Session> {
    const at = parent ?? cacheFolder();
    makeFolders(at, 0o777);
    sweepDeadRuns(at, (text) => process.stderr.write(`· ${text}\n`));
    const folder = makeRunFolder(at);
    const opened = await openPeer('mica', folder);
    if (!('peer' in opened)) throw new Error(opened.absent);
    const session = new Session(folder, opened.peer as Mica);
    // An interrupted run leaves no daemon, no mount and no gigabytes either.
    let opening = true;
    let interrupted = false;
    const end = () => {
      try {
        session.close();
      } catch (error) {
        for (const { message } of (error as AggregateError).errors ?? [error])
          process.stderr.write(`could not take away all that was begun: ${message}\n`);
      }
      process.exit(130);
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.once(signal, () => {
        interrupted = true;
        if (!opening) end();
      });
    try {
      for (const name of rivals) {
        session.rivals.set(name, await openPeer(name, folder));
        if (interrupted) end(); // a daemon that was on its way up is known now
      }
      opening = false;
    } catch (error) {
      session.close();
      throw error;
    }
    return session;
  }

  #peers(): Peer[] {
    return [this.mica, ...[...this.rivals.values()].flatMap((opened) => ('peer' in opened ? [opened.peer] : []))];
  }

  /** After a workload that stopped half-way: no container of it is left to the next. */
  clear(): void {
    for (const peer of this.#peers()) peer.clear();
  }

  close(): void {
    const errors: unknown[] = [];
    for (const peer of this.#peers()) {
      try {
        peer.close();
      } catch (error) {
        errors.push(error);
      }
    }
    rmSync(this.folder, { recursive: true, force: true });
    if (errors.length > 0) throw new AggregateError(errors, 'not everything could be taken away');
  }
}
