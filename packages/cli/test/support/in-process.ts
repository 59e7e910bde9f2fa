import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { main } from '../../src/program.ts';
import type { Outcome } from './mica.ts';

let before: Promise<unknown> = Promise.resolve();
/** What the command line has started beside itself: a monitor, after an update. */
const self = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * The command line from its words to its bytes and exit code, in this process: 5 ms where a launch takes 150 of a
 * processor. For what is over when it returns: no container goes on after it, and none is there whose process or streams
 * are the matter. That the bundle and the launcher do the same is what the launches beside it are for: each verb has
 * some. `env` is beside what this process has.
 */
export function inProcess(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  input: string | Buffer = '',
): Promise<Outcome> {
  // What is written where, and the exit code, are this process's: one at a time.
  const done = before.then(() => captured(args, env, input));
  before = done.catch(() => undefined);
  return done;
}

async function captured(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  input: string | Buffer,
): Promise<Outcome> {
  const out: Uint8Array[] = [];
  const err: Uint8Array[] = [];
  const { writeSync } = fs;
  const streams = ['stdin', 'stdout', 'stderr'] as const;
  const kept = streams.map((name) => Object.getOwnPropertyDescriptor(process, name) as PropertyDescriptor);
  const { exitCode, argv, execArgv } = process;
  const own = Object.keys(env).map((name) => [name, process.env[name]] as const);
  const heard = signals.map((name) => process.listeners(name));
  const write = (fd: number, bytes: Uint8Array, ...more: number[]) => {
    if (fd !== 1 && fd !== 2) return writeSync(fd, bytes, ...more);
    const part = Buffer.from(bytes.subarray(more[0] ?? 0));
    (fd === 1 ? out : err).push(part);
    return part.length;
  };
  fs.writeSync = write as typeof writeSync;
  syncBuiltinESMExports();
  const given = Readable.from(input.length > 0 ? [Buffer.from(input)] : []);
  for (const [at, stream] of [given, collecting(out), collecting(err)].entries())
    Object.defineProperty(process, streams[at] as string, { get: () => stream, configurable: true, enumerable: true });
  process.exitCode = undefined;
  process.argv = [process.execPath, self];
  process.execArgv = [];
  Object.assign(process.env, env);
  try {
    await main(['node', 'mica', ...args]);
    return { code: Number(process.exitCode ?? 0), out: String(Buffer.concat(out)), err: String(Buffer.concat(err)) };
  } finally {
    Object.assign(process, { exitCode, argv, execArgv });
    for (const [name, value] of own)
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    // Some leave theirs to the end of the process.
    for (const [at, name] of signals.entries())
      for (const listener of process.listeners(name)) if (!heard[at]?.includes(listener)) process.off(name, listener);
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
