import { existsSync, linkSync, renameSync, statSync } from 'node:fs';
import type { ContainerContext, Row } from './context.ts';

/** The log's files, the oldest first. conmon writes the last one. */
export function logFiles(context: ContainerContext, id: string): string[] {
  const file = context.paths.part(id, 'ctr.log');
  const older: string[] = [];
  for (let n = 1; existsSync(`${file}.${n}`); n++) older.unshift(`${file}.${n}`);
  // Turned over since somebody last looked.
  const held = inode(`${file}.held`);
  return [...older, ...(held !== null && held !== inode(file) ? [`${file}.held`] : []), file];
}

/**
 * conmon begins a log anew once it is full, and the old one is lost: unless it has a second name. So the
 * one being written is always `.held` too, and when that is no longer the same file it becomes `.1`, the
 * one before `.2`. What conmon fills between two looks is lost, and without anybody who looks there is
 * one file of the size: never more than was asked for, whoever is killed.
 */
export function rotateLog(context: ContainerContext, row: Row): void {
  const { logMaxSize, logMaxFile = 1 } = row.record.options;
  const file = context.paths.part(row.id, 'ctr.log');
  if (!logMaxSize || logMaxFile < 2) return;
  const held = inode(`${file}.held`);
  if (held !== null) {
    if (held === inode(file)) return;
    for (let n = logMaxFile - 2; n >= 1; n--)
      if (existsSync(`${file}.${n}`)) renameSync(`${file}.${n}`, `${file}.${n + 1}`);
    renameSync(`${file}.held`, `${file}.1`);
  }
  if (existsSync(file)) linkSync(file, `${file}.held`);
}

function inode(file: string): number | null {
  return statSync(file, { throwIfNoEntry: false })?.ino ?? null;
}
