/**
 * The one error a user can meet.
 *
 * `code` is stable and may be matched on; `subject` is the reference, ID or path it is about;
 * `hint` says what to do next; `exitCode` is what the command line exits with, docker's numbers:
 * 125 the engine failed, 126 the command cannot be invoked, 127 the command was not found, 1 otherwise.
 */
export type ErrorCode =
  | 'invalid-argument'
  | 'invalid-reference'
  | 'invalid-format'
  | 'not-supported'
  | 'no-such-image'
  | 'no-such-container'
  | 'no-such-network'
  | 'port-in-use'
  | 'no-such-path'
  | 'no-such-volume'
  | 'volume-in-use'
  | 'ambiguous'
  | 'conflict'
  | 'not-running'
  | 'already-running'
  | 'image-in-use'
  | 'invalid-archive'
  | 'invalid-layer'
  | 'digest-mismatch'
  | 'limit-exceeded'
  | 'no-space'
  | 'permission-denied'
  | 'missing-tool'
  | 'runtime-failed'
  | 'command-not-found'
  | 'command-not-executable'
  | 'store-damaged'
  | 'system-call'
  | 'no-terminal'
  | 'unauthorized'
  | 'registry-failed'
  | 'aborted';

export interface ErrorDetails {
  readonly subject?: string;
  readonly hint?: string;
  readonly cause?: unknown;
  readonly exitCode?: number;
}

export class MicaError extends Error {
  override readonly name = 'MicaError';
  readonly code: ErrorCode;
  readonly subject: string | undefined;
  readonly hint: string | undefined;
  readonly exitCode: number;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.subject = details.subject;
    this.hint = details.hint;
    this.exitCode = details.exitCode ?? 1;
  }
}

/** Node's own failure of a system call, and those of `system/`. */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).syscall === 'string';
}

/** Turns an errno-bearing failure of the system into the clear error a user can act on. */
export function wrapSystemError(error: unknown, doing: string, subject: string): MicaError {
  if (error instanceof MicaError) return error;
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  const text = withoutPath(error instanceof Error ? error.message : String(error), subject);
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new MicaError('no-space', `${doing} ${subject}: no space left on device`, {
      subject,
      hint: 'free some space (mica system df shows what the store holds) and run the command again',
      cause: error,
    });
  if (code === 'EACCES' || code === 'EPERM')
    return new MicaError('permission-denied', `${doing} ${subject}: permission denied`, {
      subject,
      hint: 'run as root, or choose a store of your own with --root',
      cause: error,
    });
  if (code === 'ENOENT')
    return new MicaError('no-such-path', `${doing} ${subject}: no such file or directory`, { subject, cause: error });
  return new MicaError('system-call', `${doing} ${subject}: ${text}`, { subject, cause: error });
}

/** Node's "CODE: what is wrong, call 'path'": without the path of an open descriptor, which says nothing to its user. */
function withoutPath(text: string, subject: string): string {
  const unknown = /^, Unknown error: ([^']+?)(?: '.*')?$/s.exec(text)?.[1]; // rmSync's, of what libuv has no name for
  if (unknown !== undefined) return unknown.toLowerCase();
  const [, what, path] = /^E[A-Z0-9]+: ([^,]+), \w+ '(.*)'$/s.exec(text) ?? [];
  return what && path && (path.includes('/proc/self/fd/') || path.endsWith(subject) || subject.includes(path))
    ? what
    : text;
}
