import { closeSync, constants, existsSync, openSync, renameSync, statSync, writeSync } from 'node:fs';
import type { ContainerContext, Row } from './context.ts';

/** The log's files, the oldest first. conmon writes the last one. */
export function logFiles(context: ContainerContext, id: string): string[] {
  const file = context.paths.part(id, 'ctr.log');
  const older: string[] = [];
  for (let n = 1; existsSync(`${file}.${n}`); n++) older.unshift(`${file}.${n}`);
  return [...older, file];
}

/**
 * Turns a log over that has grown past its size: `.1` is the one before, `.2` the one before that. conmon
 * begins a new file when its control fifo says so (src/ctrl.c, REOPEN_LOGS_EVENT).
 */
export function rotateLog(context: ContainerContext, row: Row): void {
  const { logMaxSize, logMaxFile = 1 } = row.record.options;
  const file = context.paths.part(row.id, 'ctr.log');
  if (!logMaxSize || logMaxFile < 2 || !existsSync(file) || statSync(file).size < logMaxSize) return;
  for (let n = logMaxFile - 2; n >= 1; n--)
    if (existsSync(`${file}.${n}`)) renameSync(`${file}.${n}`, `${file}.${n + 1}`);
  renameSync(file, `${file}.1`);
  try {
    const fd = openSync(`${context.paths.bundle(row.id)}/ctl`, constants.O_WRONLY | constants.O_NONBLOCK);
    writeSync(fd, '2 0 0\n');
    closeSync(fd);
  } catch {
    // conmon has just ended: nobody writes any more
  }
}
