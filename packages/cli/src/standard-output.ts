import { Writable } from 'node:stream';
import { MicaError } from '@mica/engine';
import { report } from './session.ts';

let taken = false;

/** A reader that went away (mica ps | head -1) is no failure of ours; anything else is told before the end. */
export function watchStandardOutput(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (taken) return;
    process.exit(
      error.code === 'EPIPE' ? 0 : report(new MicaError('system-call', `standard output: ${error.message}`)),
    );
  });
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
      process.stdout.write(chunk, (error?: NodeJS.ErrnoException | null) =>
        done(error?.code === 'EPIPE' ? new MicaError('aborted', 'standard output was closed before its end') : error),
      );
    },
  });
}
