import { Transform } from 'node:stream';
import { MicaError } from '@mica/engine';

/** `ctrl-p,ctrl-q` as the bytes that a terminal sends; docker's: an empty text is that, too. @throws MicaError invalid-argument */
export function parseDetachKeys(given = ''): Buffer {
  const text = given || 'ctrl-p,ctrl-q';
  const bytes = text.split(',').map((key) => {
    if (/^[\x21-\x7e]$/.test(key)) return key.charCodeAt(0);
    const control = /^ctrl-([a-z@[\\\]^_])$/.exec(key)?.[1];
    if (control === undefined)
      throw new MicaError('invalid-argument', `invalid detach keys (${text}): ${key} is no key`, {
        hint: 'a letter, or ctrl- and one of a-z, @, [, \\, ], ^, _; several with commas between',
      });
    return control.toUpperCase().charCodeAt(0) & 0x1f;
  });
  return Buffer.from(bytes);
}

/**
 * Passes keys on up to the sequence, then calls `found` once and passes nothing more. A beginning of the
 * sequence waits until the next key, or the end, tells whether it is one.
 */
export function detachable(sequence: Buffer, found: () => void): Transform {
  const shorter = borders(sequence);
  let matched = 0;
  // Not a class that extends: node:stream, 4 ms, would be loaded by every command that imports this file.
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const out: number[] = [];
      for (const byte of chunk) {
        if (matched === sequence.length) break;
        while (matched > 0 && byte !== sequence[matched]) {
          // Of a, a, b after `a a`, one more a: the first goes on, the other two may still begin it.
          const kept = shorter[matched - 1] ?? 0;
          out.push(...sequence.subarray(0, matched - kept));
          matched = kept;
        }
        if (byte === sequence[matched]) matched++;
        else out.push(byte);
        if (matched === sequence.length) found();
      }
      done(null, out.length > 0 ? Buffer.from(out) : undefined);
    },
    flush(done) {
      done(null, matched < sequence.length ? sequence.subarray(0, matched) : undefined);
    },
  });
}

/** For every beginning of the sequence, the length of the longest shorter one that it ends with (Knuth, Morris, Pratt). */
function borders(sequence: Buffer): number[] {
  const lengths = [0];
  for (let at = 1; at < sequence.length; at++) {
    let length = lengths[at - 1] ?? 0;
    while (length > 0 && sequence[at] !== sequence[length]) length = lengths[length - 1] ?? 0;
    lengths.push(sequence[at] === sequence[length] ? length + 1 : 0);
  }
  return lengths;
}
