import { closeSync, existsSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LogLine, LogQuery } from '../contract/container.ts';

const CHUNK = 65_536;

/**
 * What a container wrote, from conmon's k8s-file format: `TIME STREAM F|P TEXT`, P for a line that goes on
 * in the next record. `files` are in the order of their age, the one written now last. Following ends with
 * the container; `running` is asked before the last look, so that no line is lost.
 */
export async function* readLog(
  files: readonly string[],
  query: LogQuery,
  running: () => boolean,
): AsyncGenerator<LogLine> {
  const wanted = (line: LogLine) => {
    if (query.since === undefined && query.until === undefined) return true;
    const at = Date.parse(line.time);
    return (query.since === undefined || at >= query.since) && (query.until === undefined || at <= query.until);
  };
  const reader = new LogReader(files.at(-1) as string);
  const old = [...files.slice(0, -1).flatMap(wholeFile), ...reader.more()].filter(wanted);
  yield* query.tail === undefined ? old : lastLines(old, query.tail);
  if (!query.follow) return;
  while (!query.signal?.aborted) {
    const alive = running();
    for (const line of reader.more()) if (wanted(line)) yield line;
    if (!alive || (query.until !== undefined && Date.now() > query.until)) break;
    await sleep(50);
  }
  reader.close();
}

/** The last `count` lines: records of one unfinished line belong together. */
function lastLines(records: readonly LogLine[], count: number): readonly LogLine[] {
  if (count <= 0) return [];
  let lines = 0;
  for (let at = records.length - 1; at >= 0; at--) {
    const ends = records[at]?.text.at(-1) === 10;
    if (ends && ++lines > count) return records.slice(at + 1);
    if (!ends && lines === 0) lines = 1;
  }
  return records;
}

function wholeFile(file: string): LogLine[] {
  const reader = new LogReader(file);
  try {
    return reader.more();
  } finally {
    reader.close();
  }
}

/** Reads on from where it was; when the file was put aside for a new one, it finishes it and goes on there. */
class LogReader {
  readonly #file: string;
  #fd = -1;
  #rest: Buffer = Buffer.alloc(0);

  constructor(file: string) {
    this.#file = file;
  }

  more(): LogLine[] {
    if (this.#fd < 0) {
      if (!existsSync(this.#file)) return [];
      this.#fd = openSync(this.#file, 'r');
    }
    const lines = this.#read();
    if (this.#replaced()) {
      lines.push(...this.#read());
      this.close();
      lines.push(...this.more());
    }
    return lines;
  }

  #read(): LogLine[] {
    const parts: Buffer[] = [this.#rest];
    for (;;) {
      const chunk = Buffer.allocUnsafe(CHUNK);
      const length = readSync(this.#fd, chunk, 0, CHUNK, null);
      if (length === 0) break;
      parts.push(chunk.subarray(0, length));
    }
    const bytes = Buffer.concat(parts);
    const end = bytes.lastIndexOf(10) + 1;
    this.#rest = bytes.subarray(end);
    return parse(bytes.subarray(0, end));
  }

  #replaced(): boolean {
    try {
      return statSync(this.#file).ino !== fstatSync(this.#fd).ino;
    } catch {
      return false; // between two: the next look finds it
    }
  }

  close(): void {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }
}

function parse(bytes: Buffer): LogLine[] {
  const lines: LogLine[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(10, at);
    const time = bytes.indexOf(32, at);
    const stream = bytes.indexOf(32, time + 1);
    const tag = bytes.indexOf(32, stream + 1);
    if (time > at && tag > stream && tag < end) {
      const whole = bytes[stream + 1] === 70; // F
      lines.push({
        time: utc(bytes.toString('latin1', at, time)),
        stream: bytes.toString('latin1', time + 1, stream) === 'stderr' ? 'stderr' : 'stdout',
        text: bytes.subarray(tag + 1, whole ? end + 1 : end),
      });
    }
    at = end + 1;
  }
  return lines;
}

/** conmon writes local time with its offset; docker shows UTC. */
function utc(time: string): string {
  const parts = /^(.*?)(\.\d+)?(Z|[+-]\d\d:\d\d)$/.exec(time);
  if (parts?.[3] === undefined || parts[3] === 'Z') return time;
  if (parts[3] === '+00:00') return `${parts[1]}${parts[2] ?? ''}Z`;
  return `${new Date(`${parts[1]}${parts[3]}`).toISOString().slice(0, 19)}${parts[2] ?? ''}Z`;
}
