import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import type { LogLine } from '../contract/container.ts';

const CHUNK = 65_536;

/**
 * A log as conmon writes it, in its k8s-file format: `TIME STREAM F|P TEXT`, P for a line that goes on in the next
 * record. Read in chunks, for it may be larger than memory. The caller closes it.
 */
export class LogFile {
  readonly #path: string;
  readonly #fd: number;
  /** Before it all records are read, after it none. */
  #at = 0;

  private constructor(path: string, fd: number) {
    this.#path = path;
    this.#fd = fd;
  }

  /** Null where there is none (yet). */
  static open(path: string): LogFile | null {
    try {
      return new LogFile(path, openSync(path, 'r'));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      return null;
    }
  }

  /** The records that are whole and not yet read, in their order. */
  *forward(): Generator<LogLine> {
    let rest: Buffer = Buffer.alloc(0);
    for (;;) {
      const chunk = Buffer.allocUnsafe(CHUNK);
      const length = readSync(this.#fd, chunk, 0, CHUNK, this.#at + rest.length);
      if (length === 0) return;
      const bytes = Buffer.concat([rest, chunk.subarray(0, length)]);
      const end = bytes.lastIndexOf(10) + 1;
      this.#at += end;
      rest = bytes.subarray(end);
      yield* recordsOf(bytes.subarray(0, end));
    }
  }

  /** All records that are whole, the last one first. What is written later is {@link forward}'s. */
  *backward(): Generator<LogLine> {
    let rest: Buffer = Buffer.alloc(0); // the beginning of it is in the chunk before
    let at = fstatSync(this.#fd).size;
    let ended = false;
    while (at > 0) {
      const length = Math.min(CHUNK, at);
      at -= length;
      const chunk = Buffer.allocUnsafe(length);
      if (readSync(this.#fd, chunk, 0, length, at) < length) return; // cut meanwhile
      let bytes = Buffer.concat([chunk, rest]);
      if (!ended) {
        const end = bytes.lastIndexOf(10) + 1;
        ended = end > 0;
        this.#at = at + end;
        if (ended) bytes = bytes.subarray(0, end);
      }
      const first = at === 0 ? 0 : bytes.indexOf(10) + 1;
      const goesOnBefore = !ended || (at > 0 && first === 0);
      rest = goesOnBefore ? bytes : bytes.subarray(0, first);
      if (goesOnBefore) continue;
      yield* recordsOf(bytes.subarray(first)).reverse();
    }
  }

  /** Whether another file stands in its place: it was put aside for a new one. */
  get isReplaced(): boolean {
    try {
      return statSync(this.#path).ino !== fstatSync(this.#fd).ino;
    } catch {
      return false; // between two: the next look finds it
    }
  }

  close(): void {
    closeSync(this.#fd);
  }
}

function recordsOf(bytes: Buffer): LogLine[] {
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
