import { MicaError } from './error.ts';

/*
 * What a program without TypeScript may give instead of a name, a path or a stream. Each is asked where it enters,
 * before anything begins: further on it would be a TypeError of some line of ours, a wait for a stream that is none,
 * or a word in a stored document that nobody could read again.
 */

/** @throws MicaError invalid-argument, also of a zero byte: no name has one, and no system call takes one */
export function requireText(value: unknown, what: string): asserts value is string {
  if (typeof value !== 'string' || value.includes('\0')) throw invalid(what, value, 'a string without zero bytes');
}

/** A directory's path. An empty one, as a variable that is not set leaves it, would be the working directory. @throws MicaError invalid-argument */
export function requireDirectory(value: unknown): asserts value is string {
  requireText(value, 'directory');
  if (value === '')
    throw new MicaError('invalid-argument', 'the directory is an empty string', {
      subject: 'directory',
      hint: 'name it; . is the working directory',
    });
}

/** @throws MicaError invalid-argument */
export function requireTexts(value: unknown, what: string): asserts value is readonly string[] {
  if (!Array.isArray(value)) throw invalid(what, value, 'a list of strings');
  for (const one of value) requireText(one, what);
}

/** Strings, each of which is looked at by itself. @throws MicaError invalid-argument */
export function requireList(value: unknown, what: string): asserts value is readonly string[] {
  if (!Array.isArray(value) || value.some((one) => typeof one !== 'string'))
    throw invalid(what, value, 'a list of strings');
}

/** A stream of Node's, by the method that such a one has; one that has ended would be waited for, for ever. @throws MicaError invalid-argument */
export function requireStream(value: unknown, what: string, method: 'pipe' | 'write'): void {
  const kind = method === 'pipe' ? 'a Readable' : 'a Writable';
  if (!(isObject(value) && typeof value[method] === 'function' && typeof value.on === 'function'))
    throw invalid(what, value, `${kind} or, where files are taken, a path`);
  // A pipe on standard input cannot be written to, and says from the start that this side has ended.
  if (value.destroyed || (method === 'pipe' ? value.readableEnded : value.writableEnded))
    throw new MicaError('invalid-argument', `invalid ${what}: the stream has ended`, {
      subject: what,
      hint: 'open a new one',
    });
}

/** @throws MicaError invalid-argument */
export function requireInteger(value: unknown, what: string): void {
  if (!Number.isSafeInteger(value)) throw invalid(what, value, 'a whole number');
}

/** @throws MicaError invalid-argument */
export function requireFunction(value: unknown, what: string): void {
  if (typeof value !== 'function') throw invalid(what, value, 'a function');
}

/** @throws MicaError invalid-argument */
export function requireObject(value: unknown, what: string): asserts value is object {
  if (!isObject(value)) throw invalid(what, value, 'an object');
}

/** Texts by name, as of labels. @throws MicaError invalid-argument */
export function requireLabels(value: unknown): void {
  if (!isObject(value) || Array.isArray(value) || !Object.values(value).every((one) => typeof one === 'string'))
    throw invalid('labels', value, 'an object of strings');
}

/** What the options of all long operations share, and what those that write an image say of it. @throws MicaError invalid-argument */
export function requireTask(options: unknown): void {
  requireObject(options, 'options');
  const { signal, onProgress, author, message } = options as Readonly<Record<string, unknown>>;
  if (signal !== undefined && !(isObject(signal) && typeof signal.throwIfAborted === 'function'))
    throw invalid('signal', signal, 'an AbortSignal');
  if (onProgress !== undefined) requireFunction(onProgress, 'onProgress');
  if (author !== undefined) requireText(author, 'author');
  if (message !== undefined) requireText(message, 'message');
}

/** As it can be shown in a line, whatever it is. */
export function shown(value: unknown): string {
  if (typeof value !== 'object' && typeof value !== 'string') return String(value);
  try {
    return JSON.stringify(value).slice(0, 160);
  } catch {
    return 'an object'; // in a circle, or with numbers that JSON has not
  }
}

function invalid(what: string, value: unknown, kind: string): MicaError {
  return new MicaError('invalid-argument', `invalid ${what}: ${shown(value)}`, {
    subject: what,
    hint: `it is ${kind}`,
  });
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
