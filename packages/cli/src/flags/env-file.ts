import { readFileSync } from 'node:fs';
import { MicaError } from '@mica/engine';

/** `--env-file`: a line a variable, `#` begins a comment line. @throws MicaError no-such-path, worded as docker's */
export function readEnvFile(file: string): string[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new MicaError('no-such-path', `open ${file}: no such file or directory`, {
      subject: file,
      exitCode: 125,
      cause,
    });
  }
  return text
    .split('\n')
    .map((line) => line.replace(/\r$/, '').trimStart())
    .filter((line) => line !== '' && !line.startsWith('#'));
}
