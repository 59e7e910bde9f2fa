import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { Readable, Writable } from 'node:stream';
import { main } from '../../src/program.ts';
import type { Outcome } from './mica.ts';

let before: Promise<unknown> = Promise.resolve();

/**
 * The command line from its words to its bytes and exit code, in this process: 5 ms where a launch takes 150 of a
 * processor. For what only reads and for what is refused: no container is started, nothing goes on after it. That
 * the bundle and the launcher do the same is what the launches beside it are for.
 */
export function inProcess(root: string, args: readonly string[], input: string | Buffer = ''): Promise<Outcome> {
  // What is written where, and the exit code, are this process's: one at a time.
  const done = before.then(() => captured(root, args, input));
  before = done.catch(() => undefined);
  return done;
}

async function captured(root: string, args: readonly string[], input: string | Buffer): Promise<Outcome> {
  const out: Uint8Array[] = [];
  const err: Uint8Array[] = [];
  const { writeSync } = fs;
  const streams = ['stdin', 'stdout', 'stderr'] as const;
  const kept = streams.map((name) => Object.getOwnPropertyDescriptor(process, name) as PropertyDescriptor);
  const { exitCode } = process;
  const { MICA_ROOT } = process.env;
  const write = (fd: number, bytes: Uint8Array, ...more: number[]) => {
    if (fd !== 1) return writeSync(fd, bytes, ...more);
    const part = Buffer.from(bytes.subarray(more[0] ?? 0));
    out.push(part);
    return part.length;
  };
  fs.writeSync = write as typeof writeSync;
  syncBuiltinESMExports();
  const given = Readable.from(input.length > 0 ? [Buffer.from(input)] : []);
  for (const [at, stream] of [given, collecting(out), collecting(err)].entries())
    Object.defineProperty(process, streams[at] as string, { get: () => stream, configurable: true, enumerable: true });
  process.exitCode = undefined;
  process.env.MICA_ROOT = root;
  try {
    await main(['node', 'mica', ...args]);
    return { code: Number(process.exitCode ?? 0), out: String(Buffer.concat(out)), err: String(Buffer.concat(err)) };
  } finally {
    process.exitCode = exitCode;
    if (MICA_ROOT === undefined) delete process.env.MICA_ROOT;
    else process.env.MICA_ROOT = MICA_ROOT;
    streams.forEach((name, at) => {
      Object.defineProperty(process, name, kept[at] as PropertyDescriptor);
    });
    fs.writeSync = writeSync;
    syncBuiltinESMExports();
  }
}

function collecting(parts: Uint8Array[]): Writable {
  return new Writable({
    write(chunk: Uint8Array, _encoding, done) {
      parts.push(chunk);
      done();
    },
  });
}
