import { PassThrough, type Readable, type Transform } from 'node:stream';
import { MicaError, wrapSystemError } from '../error.ts';
import { zlib } from '../system/zlib.ts';

/** An archive from outside, decompressed: by its first bytes (RFC 1952, RFC 8878). `verb` is for the hint. */
export async function decompress(source: Readable, verb: string): Promise<Readable> {
  const input = source.pipe(new PassThrough());
  source.on('error', (error) => input.destroy(wrapSystemError(error, 'read', 'the archive')));
  const first = await new Promise<Buffer | null>((resolve, reject) => {
    input.once('error', reject);
    input.once('readable', () => {
      const chunk = input.read() as Buffer | null;
      // Put back at once: a stream of one chunk ends on the next tick, and takes nothing back then.
      if (chunk !== null) input.unshift(chunk);
      resolve(chunk);
    });
  });
  if (first === null) return input;
  const magic = first.subarray(0, 6).toString('hex');
  if (magic.startsWith('1f8b')) return through(input, zlib().createGunzip({ chunkSize: 1 << 18 }));
  if (magic.startsWith('28b52ffd')) return through(input, zlib().createZstdDecompress({ chunkSize: 1 << 18 }));
  if (magic.startsWith('fd377a585a00') || magic.startsWith('425a68'))
    throw new MicaError('not-supported', 'xz and bzip2 archives are not supported', {
      hint: `decompress it first: xz -dc FILE | mica ${verb}`,
    });
  return input;
}

function through(input: Readable, decoder: Transform): Readable {
  input.on('error', (error) => decoder.destroy(error));
  return input.pipe(decoder);
}
