/** Every code an error can have; {@link MicaError} says what may be relied on. */
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
  | 'read-only'
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
  | 'closed'
  | 'aborted';

/** What an error may say beside its code and message; `exitCode` is 1 unless given. */
export interface ErrorDetails {
  readonly subject?: string;
  readonly hint?: string;
  readonly cause?: unknown;
  readonly exitCode?: number;
}

/** Only who interrupted a command needs no word of what to do next. */
const usual: Readonly<Record<Exclude<ErrorCode, 'aborted'>, string>> = {
  'invalid-argument': 'the command with --help shows what it takes, and an example',
  'invalid-reference': 'a name is [HOST[:PORT]/]REPOSITORY[:TAG][@DIGEST], in lower case up to the tag',
  'invalid-format': 'it is not as OCI or docker have it: mend it, make it anew, or fetch it again',
  'not-supported': 'leave it out; CHANGELOG.md tells what is not there yet',
  'no-such-image': 'mica images lists them; mica pull, mica load and mica import bring new ones',
  'no-such-container': 'mica ps -a lists them',
  'no-such-network': 'mica network ls lists them',
  'port-in-use': "choose another port of the host, or give only the container's: -p 80 takes a free one",
  'no-such-path': 'check the path; a relative one begins in the folder that the command was given in',
  'no-such-volume': 'mica volume ls lists them',
  'volume-in-use': 'mica ps -a --filter volume=NAME lists the containers that have it',
  ambiguous: 'give more of it',
  conflict: 'mica ps -a and mica inspect show what is in its way',
  'not-running': 'mica start starts it',
  'already-running': 'mica stop ends it, mica restart ends and starts it',
  'image-in-use': 'mica ps -a --filter ancestor=IMAGE lists the containers that have it',
  'invalid-archive': 'make it anew with mica save or docker save, or copy it again',
  'invalid-layer': 'whoever made the image has to mend it; if it was copied, copy it again',
  'digest-mismatch': 'the bytes are not those that were named: fetch or copy them again',
  'limit-exceeded': 'nothing that large is taken from outside: make it smaller, or in several parts',
  'no-space': 'free some space (mica system df shows what the store holds) and run the command again',
  'read-only': 'choose a store on a disk that can be written with --root',
  'permission-denied': 'run as root, or choose a store of your own with --root',
  'missing-tool': 'mica info lists the programs that containers need, and which of them are there',
  'runtime-failed': 'mica info names the runtime; MICA_DEBUG=1 shows where it was called',
  'command-not-found': 'is it in the image, and on its PATH?',
  'command-not-executable': 'it has to be a file with its x bit in the image',
  'store-damaged': 'mica system check says what is damaged, and what brings it back',
  'system-call': 'MICA_DEBUG=1 shows the call that failed',
  'no-terminal': 'leave -t out',
  unauthorized: 'mica login gives the registry a name and a password',
  closed: 'open another Engine on the same root',
  'registry-failed': 'check the name of the registry and the network, and try again',
};

/**
 * The one error a user can meet.
 *
 * `code` is stable and may be matched on; `subject` is the reference, ID or path it is about;
 * `hint` says what to do next, the thrower's word or else what is usual for the code; `exitCode` is what the command
 * line exits with, docker's numbers: 125 the engine failed, 126 the command cannot be invoked, 127 the command was not
 * found, 1 otherwise.
 */
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
    this.hint = details.hint ?? (code === 'aborted' ? undefined : usual[code]);
    this.exitCode = details.exitCode ?? 1;
  }
}

/** Node's own failure of a system call, and those of `system/`. */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).syscall === 'string';
}

/**
 * Codes that libuv has no name for, by number: Node's own errors call them "Unknown system error -122". With their words;
 * of the damaged ones a sum or a structure on the disk is wrong.
 */
const unnamed: Readonly<Record<string, readonly [code: string, words: string]>> = {
  37: ['ENOLCK', 'no locks available'],
  74: ['EBADMSG', 'the file system is damaged'],
  116: ['ESTALE', 'it was taken away on the server that it lies on'],
  117: ['EUCLEAN', 'the file system is damaged'],
  122: ['EDQUOT', 'disk quota exceeded'],
};
/** rmSync's, which has neither code nor number for most that it meets: the C library's words, in lower case. */
const worded: Readonly<Record<string, string>> = {
  'input/output error': 'EIO',
  'read-only file system': 'EROFS',
  'too many open files': 'EMFILE',
  'structure needs cleaning': 'EUCLEAN',
};
const UNKNOWN_NUMBER = /\bUnknown system error -(\d+)/;
const UNKNOWN_WORDS = /^, Unknown error: ([^']+?)(?: '.*')?$/s;

/** The errno's name, also where Node has none for it. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const known = unnamed[UNKNOWN_NUMBER.exec(error.message)?.[1] ?? '']?.[0];
  return known ?? worded[UNKNOWN_WORDS.exec(error.message)?.[1]?.toLowerCase() ?? ''] ?? Reflect.get(error, 'code');
}

/** Turns an errno-bearing failure of the system into the clear error a user can act on. */
export function wrapSystemError(error: unknown, doing: string, subject: string): MicaError {
  if (error instanceof MicaError) return error;
  const code = systemCode(error);
  const text = withoutPath(error instanceof Error ? error.message : String(error), subject);
  if (code === 'ENOSPC')
    return new MicaError('no-space', `${doing} ${subject}: no space left on device`, { subject, cause: error });
  if (code === 'EDQUOT')
    return new MicaError('no-space', `${doing} ${subject}: ${text}`, {
      subject,
      hint: 'free some of what your quota counts (quota shows it), or have it raised',
      cause: error,
    });
  if (code === 'EACCES' || code === 'EPERM')
    return new MicaError('permission-denied', `${doing} ${subject}: permission denied`, { subject, cause: error });
  if (code === 'ENOENT')
    return new MicaError('no-such-path', `${doing} ${subject}: no such file or directory`, { subject, cause: error });
  const hint = code === undefined ? undefined : ofSystem[code];
  return new MicaError('system-call', `${doing} ${subject}: ${text}`, {
    subject,
    ...(hint ? { hint } : {}),
    cause: error,
  });
}

/** Of a list of files that did not go into the kernels' linear memory. */
export const moreMemory = 'give the command more, where a limit is set (ulimit -v), or take fewer files';

/**
 * What nobody has made a {@link MicaError} of, told as one if it says what it is about: what the system refused about a
 * path, and a kernel short of memory, which is known by its name, since not every command loads the kernels.
 */
export function told(error: unknown): unknown {
  if (error instanceof Error && error.name === 'KernelError' && Reflect.get(error, 'code') === 'out-of-memory')
    return new MicaError('limit-exceeded', error.message, { hint: moreMemory, cause: error });
  if (error instanceof MicaError || !isSystemError(error) || !error.path) return error;
  const call = error.syscall ?? '';
  return wrapSystemError(error, doingOf[call] ?? call, error.path);
}

/** What a call does, where its name does not say. */
const doingOf: Readonly<Record<string, string>> = {
  access: 'reach',
  copyfile: 'copy',
  flock: 'lock',
  ftruncate: 'write',
  lstat: 'look at',
  mkdir: 'make',
  openat2: 'open',
  posix_spawn: 'start',
  readlink: 'read',
  rm: 'remove',
  rmdir: 'remove',
  scandir: 'read',
  stat: 'look at',
  statfs: 'look at',
  symlink: 'make',
  unlink: 'remove',
};

const damaged = 'its file system is damaged: dmesg says more; unmount it and run fsck';
/** What stands in the way of a path, by the system's own code. */
const ofSystem: Readonly<Record<string, string>> = {
  ELOOP: 'a symbolic link on the way leads back to itself: name what it stands for',
  EISDIR: 'it is a folder: name a file',
  ENAMETOOLONG: 'file systems take names of 255 bytes and paths of 4095',
  ENOTDIR: 'a part of the path is a file: leave out what comes behind it',
  EROFS: 'what it lies on is mounted read-only: name another place',
  EMFILE: 'this process may have no more files open: a larger limit is ulimit -n 1024, in the shell before it',
  ENFILE: 'the machine has as many files open as it may: end something else',
  ENOSPC: 'free some space, or inodes (df -i): mica rm, mica rmi and mica system prune work on a full disk, too',
  EIO: 'its disk fails: dmesg says more; save what can be read to another one',
  EBADMSG: damaged,
  EUCLEAN: damaged,
  EBUSY: 'something else has hold of it: try again in a moment',
  ENOLCK:
    'what it lies on keeps no locks for this machine (NFS: is its lock service there?): choose another place with --root',
  ENOMEM: 'the machine, or the control group of this process, is short of memory: end something else, or allow more',
  ESTALE: 'mount it anew',
  EFBIG: 'files may not grow that large: ulimit -f shows whether the shell limits them, else the file system does',
};

/** What to do about a failure of the system that nobody has made a {@link MicaError} of, if there is a word for it. */
export function systemHint(error: unknown): string | undefined {
  return isSystemError(error) ? ofSystem[systemCode(error) ?? ''] : undefined;
}

/** Node's "CODE: what is wrong, call 'path'": without the path of an open descriptor, which says nothing to its user. */
function withoutPath(text: string, subject: string): string {
  const known = unnamed[UNKNOWN_NUMBER.exec(text)?.[1] ?? '']?.[1];
  if (known !== undefined) return known;
  const unknown = UNKNOWN_WORDS.exec(text)?.[1]?.toLowerCase(); // of what libuv has no name for
  if (unknown !== undefined) return unknown;
  const [, what, path] = /^E[A-Z0-9]+: ([^,]+), \w+(?: '(.*)')?$/s.exec(text) ?? [];
  const isSaid =
    path === undefined || path.includes('/proc/self/fd/') || path.endsWith(subject) || subject.includes(path);
  return what && isSaid ? what : text;
}
