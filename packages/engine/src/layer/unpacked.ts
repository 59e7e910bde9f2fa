import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type EntryTable, Flag } from '@mica/core-wasm';
import { type Digest, hexOf } from '../reference/digest.ts';
import { noteUnpacked, sweepHalfUnpacked, temporaryName } from '../store/unpacked.ts';
import { spreadBelow } from '../system/spread.ts';
import { deletes, leansOnLower } from './on-chain.ts';
import { replaceTable, writeStoredTable } from './stored-table.ts';

/**
 * A layer's place in the store's cache: `<hex of the diff ID>` the directory in overlay's own form, beside
 * it `.table`, and marks that a stack looks for: `.leans` (alone it may not be what a stack shows) and
 * `.hides` (its root is opaque). Marks come before the directory, so whoever sees that one may trust them.
 */
export function unpackedDir(layersDir: string, diffId: Digest): string {
  return join(layersDir, hexOf(diffId));
}
export function tablePath(layersDir: string, diffId: Digest): string {
  return `${unpackedDir(layersDir, diffId)}.table`;
}
export function leans(dir: string): boolean {
  return existsSync(`${dir}.leans`);
}
export function hidesAll(dir: string): boolean {
  return existsSync(`${dir}.hides`);
}

/** Takes over `layer/` of a work folder, whole and verified. */
export function putUnpacked(layersDir: string, diffId: Digest, table: EntryTable, work: string): void {
  putTable(layersDir, diffId, table, work);
  const dir = unpackedDir(layersDir, diffId);
  if (leansOnLower(table) || deletes(table)) writeFileSync(`${dir}.leans`, '');
  const opaque = table.count > 0 && table.pathBytes(0).length === 0 && (table.flags(0) & Flag.opaque) !== 0;
  if (opaque) writeFileSync(`${dir}.hides`, '');
  noteUnpacked(layersDir);
  place(join(work, 'layer'), dir);
}

export function putTable(layersDir: string, diffId: Digest, table: EntryTable, work: string): void {
  writeStoredTable(join(work, 'table'), table);
  replaceTable(join(work, 'table'), tablePath(layersDir, diffId));
}

/** Another process may have been first: its directory is as good as ours. */
export function place(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!existsSync(to)) throw error;
  }
}

/** A folder beside the layers that is gone afterwards, whatever happens. */
export async function inWorkFolder<T>(layersDir: string, run: (work: string) => Promise<T>): Promise<T> {
  const work = workFolder(layersDir);
  try {
    return await run(work);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** The caller removes it. What killed processes left half unpacked goes first: a look at the names beside it. */
export function workFolder(layersDir: string): string {
  mkdirSync(layersDir, { recursive: true, mode: 0o700 });
  sweepHalfUnpacked(layersDir);
  spreadBelow(layersDir);
  const work = join(layersDir, temporaryName());
  mkdirSync(work, { mode: 0o755 });
  return work;
}
