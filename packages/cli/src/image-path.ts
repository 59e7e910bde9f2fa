import { MicaError } from '@mica/engine';

/** IMAGE[:PATH]. The path is absolute, so the first ":/" parts them: no reference has one. */
export function imagePath(text: string): { image: string; path: string } {
  const at = text.indexOf(':/');
  return at < 0 ? { image: text, path: '/' } : { image: text.slice(0, at), path: text.slice(at + 1) };
}

/** The same where the path may not be left out. */
export function imageFile(text: string): { image: string; path: string } {
  if (text.includes(':/')) return imagePath(text);
  throw new MicaError('invalid-argument', `${text} names no file in an image`, {
    subject: text,
    hint: `give an absolute path after a colon: ${text}:/etc/os-release`,
  });
}

/**
 * Names as the image has them, byte for byte, for a pipe. A terminal gets `?` for control characters, as
 * from ls(1): a name is the image's, and could drive the terminal.
 */
export function shownName(bytes: Uint8Array, terminal: boolean): Uint8Array {
  return terminal ? Buffer.from(shownText(Buffer.from(bytes).toString(), terminal)) : bytes;
}
/** The same for text of the image's: a message, an author. */
export function shownText(text: string, terminal: boolean): string {
  return terminal ? text.replace(driving, '?') : text.replace(/[\t\n\r]+/g, ' ');
}
/** Control characters, what turns the direction of a line about, and what was no UTF-8. */
const driving = /[\p{Cc}\u202a-\u202e\u2066-\u2069\ufffd]/gu;

/** Writes much in few calls, waiting for a slow reader. */
export class Output {
  readonly #parts: Uint8Array[] = [];
  #size = 0;
  readonly terminal: boolean = process.stdout.isTTY ?? false;

  /** Strings as utf8, bytes as they are. */
  async put(...parts: readonly (string | Uint8Array)[]): Promise<void> {
    for (const part of parts) {
      const bytes = typeof part === 'string' ? Buffer.from(part) : part;
      this.#parts.push(bytes);
      this.#size += bytes.length;
    }
    if (this.#size > 1 << 16) await this.flush();
  }
  async flush(): Promise<void> {
    const bytes = Buffer.concat(this.#parts);
    this.#parts.length = 0;
    this.#size = 0;
    if (bytes.length === 0 || process.stdout.write(bytes)) return;
    await new Promise((resolve) => process.stdout.once('drain', resolve));
  }
}
