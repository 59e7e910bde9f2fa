import { readFileSync } from 'node:fs';
import { type EntryTable, Kind, type TablePart } from '@mica/core-wasm';
import type { StopSignal } from '../pool/stop.ts';
import { Breather } from './breather.ts';

/** A mapping of a file's, shared, in proc_pid_maps(5); its path is that in the container, whatever a process of it took for its root. */
const SHARED = /^[\da-f]+-[\da-f]+ ...s [\da-f]+ [\da-f]+:[\da-f]+ \d+ +\/(.*)$/gm;

/**
 * The paths of the files that these processes of a container's have mapped to share, their bytes each a character. Such a file may
 * be written with no change of its times: the kernel notes the first write to a page, and the next only once it has
 * written that page back, 30 s later. Of one that goes on to be asked before the files are looked at, or a mapping made
 * meanwhile is missed.
 * (Not found are those of containers in the container: a path of theirs is none of its own.)
 */
export async function mappedFiles(pids: readonly number[], signal?: StopSignal): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  const breather = new Breather();
  for (const pid of pids) {
    signal?.throwIfAborted();
    if (breather.due) await breather.breathe(); // a process may have 65,000 mappings, and take 30 ms
    const maps = readMaps(pid);
    // seq_path(9) writes a newline so.
    for (const [, path = ''] of maps.matchAll(SHARED)) found.add(path.replaceAll('\\012', '\n'));
  }
  return found;
}

/** The indexes of those files in the table of its upper, or in a part of it: without those whose other name is in another. */
export function mappedIn(table: EntryTable | TablePart, paths: Iterable<string>): number[] {
  const found: number[] = [];
  for (const path of paths) {
    let index = table.find(Buffer.from(path, 'latin1'));
    if (index >= 0 && table.kind(index) === Kind.hardlink) index = table.find(table.linkBytes(index));
    if (index >= 0 && table.kind(index) === Kind.file && table.size(index) > 0) found.push(index);
  }
  return found;
}

function readMaps(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/maps`, 'latin1');
  } catch {
    return ''; // it has ended
  }
}
