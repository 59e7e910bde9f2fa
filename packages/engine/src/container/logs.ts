import { setTimeout as sleep } from 'node:timers/promises';
import type { LogLine, LogQuery } from '../contract/container.ts';
import { LogFile } from './log-file.ts';

/**
 * What a container wrote. `files` are in the order of their age, the one written now last. Following ends with
 * the container; `running` is asked before the last look, so that no line is lost.
 */
export async function* readLog(
  files: readonly string[],
  query: LogQuery,
  running: () => boolean,
): AsyncGenerator<LogLine> {
  const older = files.slice(0, -1);
  const current = new Current(files.at(-1) as string);
  try {
    if (query.tail !== undefined) yield* lastLines(older, current, query.tail, query);
    else for (const file of older) yield* wanted(wholeFile(file, 'forward'), query);
    for (;;) {
      const goesOn = query.follow === true && !query.signal?.aborted && running();
      yield* wanted(current.more(), query);
      if (!goesOn || (query.until !== undefined && Date.now() > query.until)) return;
      await sleep(50);
    }
  } finally {
    current.close();
  }
}

/** The file that is written now. */
class Current {
  readonly #path: string;
  #log: LogFile | null = null;

  constructor(path: string) {
    this.#path = path;
  }

  /** What is in it already, the last record first. */
  *backward(): Generator<LogLine> {
    this.#log ??= LogFile.open(this.#path);
    if (this.#log) yield* this.#log.backward();
  }

  /** What came since. When it was put aside for a new one, it is read to its end, and the new one from its beginning. */
  *more(): Generator<LogLine> {
    for (;;) {
      this.#log ??= LogFile.open(this.#path);
      if (!this.#log) return;
      yield* this.#log.forward();
      if (!this.#log.isReplaced) return;
      yield* this.#log.forward();
      this.close();
    }
  }

  close(): void {
    this.#log?.close();
    this.#log = null;
  }
}

function isWanted({ time }: LogLine, { since, until }: LogQuery): boolean {
  if (since === undefined && until === undefined) return true;
  const at = Date.parse(time);
  return (since === undefined || at >= since) && (until === undefined || at <= until);
}

function* wanted(lines: Iterable<LogLine>, query: LogQuery): Generator<LogLine> {
  for (const line of lines) if (isWanted(line, query)) yield line;
}

/** The last `count` lines, found from the end on: records of one unfinished line belong together. */
function lastLines(older: readonly string[], current: Current, count: number, query: LogQuery): LogLine[] {
  const kept: LogLine[] = [];
  let lines = 0;
  for (const record of backward(older, current)) {
    if (count <= 0) break; // but `current` is at its end now
    if (!isWanted(record, query)) continue;
    const ends = record.text.at(-1) === 10;
    if (ends && ++lines > count) break;
    if (!ends && lines === 0) lines = 1;
    kept.push(record);
  }
  return kept.reverse();
}

function* backward(older: readonly string[], current: Current): Generator<LogLine> {
  yield* current.backward();
  for (const file of older.toReversed()) yield* wholeFile(file, 'backward');
}

function* wholeFile(path: string, way: 'forward' | 'backward'): Generator<LogLine> {
  const log = LogFile.open(path);
  try {
    if (log) yield* log[way]();
  } finally {
    log?.close();
  }
}
