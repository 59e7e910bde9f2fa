import { MicaError } from '../error.ts';

/*
 * What a directory may hold and a layer cannot: it would read back as something else, so it is an error, never a
 * deletion. Paths are of the directory that is scanned, without a slash at their start.
 */

/** A pax record is KEY=VALUE: the attribute would come back under another name, with another value. */
export function unstorableAttribute(path: string, name: string): MicaError {
  const subject = `/${path}`;
  // An error is one line.
  const shown = Buffer.from(name, 'latin1').toString().replaceAll('\n', '\\n');
  return new MicaError('invalid-layer', `${subject}: no layer can hold the extended attribute ${shown}`, {
    subject,
    hint: `remove it (setfattr -x '${shown}'), then commit again: a name with "=" cannot be written into a tar`,
  });
}

export function looksLikeWhiteout(path: string, name: string): MicaError {
  const subject = `/${path}`;
  const hidden = Buffer.from(name.slice(4), 'latin1').toString();
  return new MicaError(
    'invalid-layer',
    `${subject}: a file named .wh.* would delete ${hidden || 'a file'} in the image`,
    {
      subject,
      hint: 'rename or remove it, then commit again',
    },
  );
}

export function pathTooLong(folder: string): MicaError {
  return new MicaError('limit-exceeded', `/${folder.slice(0, 60)}…: a path in it is longer than 4,095 bytes`, {
    subject: `/${folder}`,
    hint: 'give its folders shorter names, or remove it: nothing could open it by its path',
  });
}
