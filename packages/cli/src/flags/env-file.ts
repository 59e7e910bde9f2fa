import { isUtf8 } from 'node:buffer';
import { MicaError } from '@mica/engine';
import { readSmallFile } from './small-file.ts';

/**
 * `--env-file`: a line a variable, `#` begins a comment line.
 * @throws MicaError no-such-path, or invalid-argument for a name that is empty or holds blanks, worded as docker's
 */
export function readEnvFile(file: string): string[] {
  let bytes: Uint8Array;
  try {
    bytes = readSmallFile(file);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const whys: Readonly<Record<string, string>> = {
      EISDIR: `read ${file}: is a directory`,
      EFBIG: `read ${file}: ${(cause as Error).message}`,
      EACCES: `open ${file}: permission denied`,
    };
    const why = whys[code ?? ''] ?? `open ${file}: no such file or directory`;
    throw new MicaError('no-such-path', why, {
      subject: file,
      exitCode: 125,
      cause,
      hint: 'a file with a line NAME=VALUE for each variable',
    });
  }
  return textOf(bytes, file)
    .split('\n')
    .map((line) => line.replace(/\r$/, '').trimStart())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => checked(line, file));
}

/** Decoded as it is nearly always, it would hand on other bytes than the file's. */
function textOf(bytes: Uint8Array, file: string): string {
  if (isUtf8(bytes)) return new TextDecoder().decode(bytes);
  const lines = Buffer.from(bytes).toString('latin1').split('\n');
  const line = lines.findIndex((one) => !isUtf8(Buffer.from(one, 'latin1')));
  throw new MicaError('invalid-argument', `poorly formatted environment: invalid utf8 bytes at line ${line + 1}`, {
    subject: file,
    hint: `write ${file} in UTF-8, or encode what is no text, as base64 does`,
    exitCode: 125,
  });
}

/** The line as it is. An `export A=1` would otherwise make a variable that no shell can read. */
function checked(line: string, file: string): string {
  const [name = ''] = line.split('=', 1);
  const fault =
    name === '' ? `no variable name on line '${line}'` : /\s/.test(name) && `variable '${name}' contains whitespaces`;
  if (fault === false) return line;
  throw new MicaError('invalid-argument', `poorly formatted environment: ${fault}`, {
    subject: file,
    hint: `${file} has a line NAME=VALUE for each; quotes are part of the value`,
    exitCode: 125,
  });
}
