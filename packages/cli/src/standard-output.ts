import { fstatSync, writeSync } from 'node:fs';
import { Writable } from 'node:stream';
import { isatty } from 'node:tty';
import { exitAtOnce, MicaError, wrapSystemError } from '@mica/engine';
import { report } from './report.ts';

const pause = new Int32Array(new SharedArrayBuffer(4));
/** The streams of standard output and error that somebody asked for. */
const streams: NodeJS.WriteStream[] = [];
let taken = false;
/** Standard input's, too. */
let anyMade = false;

/**
 * What a command has to say, written when this returns, before or after whatever the stream
 * `process.stdout` was given. Most commands need no more, and the stream, with node:net below it, takes 8 ms to make.
 */
export function print(text: string | Uint8Array, fd: 1 | 2 = 1): void {
  write(text, fd, gone);
}

/**
 * The same of work that is done and more to come: a reader that went away (mica rm a b | true) does not end it, and what
 * else fails is thrown, for what is under way has to be ended first. @throws MicaError
 */
export function tell(text: string): void {
  write(text, 1, (error) => {
    if (error.code === 'EPIPE') return true;
    throw wrapSystemError(error, 'write', 'standard output');
  });
}

function write(text: string | Uint8Array, fd: 1 | 2, failed: (error: NodeJS.ErrnoException) => unknown): void {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(fd, bytes, at);
    } catch (error) {
      // Somebody who has the same pipe or terminal open made it non-blocking, and its reader is slower.
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') Atomics.wait(pause, 0, 0, 1);
      else if (failed(error as NodeJS.ErrnoException)) return;
    }
  }
}

/** Notes the streams of standard output and error as they are made, at their first use, and watches the first. */
export function watchOutput(): void {
  const noted = (stream: NodeJS.WriteStream) => streams.push(stream);
  atFirstUse<NodeJS.WriteStream>('stdout', (stdout) => {
    noted(stdout);
    stdout.on('error', (error: NodeJS.ErrnoException) => taken || gone(error));
  });
  atFirstUse<NodeJS.WriteStream>('stderr', noted);
  atFirstUse<NodeJS.ReadStream>('stdin', () => {});
}

function atFirstUse<S>(name: 'stdin' | 'stdout' | 'stderr', use: (stream: S) => void): void {
  const { get } = Object.getOwnPropertyDescriptor(process, name) as { get: () => S };
  let stream: S | undefined;
  const made = () => {
    if (stream === undefined) {
      stream = get.call(process);
      anyMade = true;
      use(stream);
    }
    return stream;
  };
  Object.defineProperty(process, name, { get: made, configurable: true, enumerable: true });
}

/** {@link exitAtOnce}, unless a stream of Node's was made: whose modes it changed for that, it puts back at its end. */
export function endAtOnce(code: number): void {
  if (!anyMade) exitAtOnce(code);
}

/** A reader that went away (mica ps | head -1) is no failure of ours; anything else is told before the end. */
function gone(error: NodeJS.ErrnoException): never {
  process.exit(error.code === 'EPIPE' ? 0 : report(wrapSystemError(error, 'write', 'standard output')));
}

/** Resolves once pipes whose readers are slower have taken what they were given: it would go with the process. */
export async function outputTaken(): Promise<void> {
  for (const stream of streams)
    if (stream.writableLength > 0) await new Promise((written) => stream.write('', written));
}

/** Whether a descriptor of ours is a terminal; node:tty, which takes 5 ms to load, is asked of devices only. */
export function isTerminal(fd: number): boolean {
  return fstatSync(fd).isCharacterDevice() && isatty(fd);
}

function lost(error: NodeJS.ErrnoException): MicaError {
  if (error.code === 'EPIPE') return new MicaError('aborted', 'standard output was closed before its end');
  return wrapSystemError(error, 'write', 'standard output');
}

/**
 * Standard output for an archive. It ends when the last byte was written and never closes the real one, so a
 * pipeline that fails elsewhere does not take it along: its error would end the process before the true one was
 * told. Half an archive is a failure also when its reader went away.
 */
export function archiveOutput(): Writable {
  taken = true;
  return new Writable({
    highWaterMark: 1 << 20,
    write(chunk: Uint8Array, _encoding, done) {
      process.stdout.write(chunk, (error?: NodeJS.ErrnoException | null) => done(error ? lost(error) : error));
    },
  });
}
