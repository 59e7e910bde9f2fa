import { finished, type Readable, Transform } from 'node:stream';
import { MicaError, wrapSystemError } from '../error.ts';
import { foreignCompression } from '../layer/decoder.ts';
import { zlib } from '../system/zlib.ts';

/**
 * An archive from outside, decompressed: by its first bytes (RFC 1952, RFC 8878). `verb` is for the hint. The source
 * is read to its end or destroyed; one that stands still is left as soon as the signal says so. `taken` hears how
 * many bytes came.
 */
export async function decompress(
  source: Readable,
  verb: string,
  signal?: AbortSignal,
  taken?: (bytes: number) => void,
): Promise<Readable> {
  const input = bytesOnly();
  const fail = (error: unknown) => {
    source.destroy();
    input.destroy(error as Error);
  };
  // Also of one that is destroyed without an error, as a request whose sender went away.
  finished(source, { writable: false }, (error) => {
    if (error) fail(broken(error));
  });
  const abort = () => fail(signal?.reason);
  if (signal?.aborted) abort();
  signal?.addEventListener('abort', abort);
  input.once('close', () => signal?.removeEventListener('abort', abort));
  if (taken) source.on('data', (chunk: Uint8Array) => taken(chunk.length));
  source.pipe(input);
  const first = await new Promise<Buffer | null>((resolve, reject) => {
    input.once('error', reject);
    input.once('readable', () => {
      const chunk = input.read() as Buffer | null;
      // Put back at once: a stream of one chunk ends on the next tick, and takes nothing back then.
      if (chunk !== null) input.unshift(chunk);
      resolve(chunk);
    });
  });
  // It failed before anybody else listened: whoever pipes it on would wait for ever.
  signal?.throwIfAborted();
  if (input.errored) throw broken(input.errored);
  if (first === null) return input;
  const magic = first.subarray(0, 6).toString('hex');
  if (magic.startsWith('1f8b')) return through(input, zlib().createGunzip({ chunkSize: 1 << 18 }));
  if (magic.startsWith('28b52ffd')) return through(input, zlib().createZstdDecompress({ chunkSize: 1 << 18 }));
  const foreign = foreignCompression(first);
  if (foreign !== null)
    throw new MicaError('not-supported', `${foreign} archives are not supported`, {
      hint: `decompress it first: ${foreign} -dc FILE | mica ${verb}`,
    });
  return input;
}

/** Lets bytes through, and text as such; anything else a program may have in its stream is no archive. */
function bytesOnly(): Transform {
  return new Transform({
    writableObjectMode: true,
    transform(chunk: unknown, _encoding, done) {
      if (chunk instanceof Uint8Array) done(null, chunk);
      else if (typeof chunk === 'string') done(null, Buffer.from(chunk));
      else
        done(
          new MicaError('invalid-argument', `an archive is a stream of bytes, not of ${typeof chunk}s`, {
            subject: 'archive',
            hint: 'give a stream whose chunks are Buffers, such as fs.createReadStream() of a tar',
          }),
        );
    },
  });
}

function broken(error: NodeJS.ErrnoException): MicaError {
  if (error.code === 'ERR_STREAM_PREMATURE_CLOSE')
    return new MicaError('invalid-archive', 'the archive was cut off: its stream was closed before its end', {
      cause: error,
    });
  return wrapSystemError(error, 'read', 'the archive');
}

function through(input: Readable, decoder: Transform): Readable {
  input.on('error', (error) => decoder.destroy(error));
  return input.pipe(decoder);
}
