import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { systemError } from './errno.ts';
import { call, lastErrno, native } from './library.ts';

const SPAWN =
  'int posix_spawn(_Out_ int *pid, const char *path, const void *actions, const void *attributes, const char **argv, const char **envp)';
const WAITPID = 'int waitpid(int pid, _Out_ int *status, int options)';
const PIPE = 'int pipe2(_Out_ int *fds, int flags)';
const DUPLICATE = 'int fcntl(int fd, int command, int value)';
const MEMFD = 'int memfd_create(const char *name, unsigned int flags)';

const O_CLOEXEC = 0x80000;
const F_DUPFD_CLOEXEC = 1030;
const EINTR = 4;
// spawn.h: default signals, no blocked ones; a session of its own
const SETSIGDEF = 0x04;
const SETSIGMASK = 0x08;
const SETSID = 0x80;

export interface SpawnOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** Descriptors of the child, from 0 on, by the caller's own numbers; null is /dev/null. All others are closed. */
  readonly stdio: readonly (number | null)[];
  /** In a session of its own: no terminal's Ctrl-C reaches it. */
  readonly detached?: boolean;
}

/**
 * Starts a program; its pid, for {@link waitFor}. By posix_spawn(3), which borrows this process's memory
 * until the exec: Node's own spawn forks, and copying the page tables of 100 MB takes 5 to 9 ms each time, after
 * 13 ms for loading child_process. Runs in this thread's namespaces. @throws the errno's error
 */
export function spawnProcess(path: string, args: readonly string[], options: SpawnOptions): number {
  const attributes = Buffer.alloc(512); // glibc's posix_spawnattr_t has 336 bytes, musl's the same
  const actions = Buffer.alloc(128); // 80
  const all = Buffer.alloc(128, 0xff);
  const none = Buffer.alloc(128);
  const opened: number[] = [];
  native('int posix_spawnattr_init(void *attributes)')(attributes);
  native('int posix_spawn_file_actions_init(void *actions)')(actions);
  try {
    const flags = SETSIGDEF | SETSIGMASK | (options.detached ? SETSID : 0);
    native('int posix_spawnattr_setflags(void *attributes, short flags)')(attributes, flags);
    native('int posix_spawnattr_setsigdefault(void *attributes, const void *set)')(attributes, all);
    native('int posix_spawnattr_setsigmask(void *attributes, const void *set)')(attributes, none);
    const duplicate = native('int posix_spawn_file_actions_adddup2(void *actions, int fd, int target)');
    for (const [target, own] of options.stdio.entries()) {
      // Above all targets, so that none is overwritten before it was duplicated itself.
      const source = own ?? openSync('/dev/null', 'r+');
      if (own === null) opened.push(source);
      const high = call(DUPLICATE, 'fcntl', path, source, F_DUPFD_CLOEXEC, options.stdio.length);
      opened.push(high);
      duplicate(actions, high, target);
    }
    if (options.cwd !== undefined)
      native('int posix_spawn_file_actions_addchdir_np(void *actions, const char *path)')(actions, options.cwd);
    const env = Object.entries(options.env ?? process.env).filter(([, value]) => value !== undefined);
    const pid = [0];
    const argv = [path, ...args, null];
    const failed = native(SPAWN)(pid, path, actions, attributes, argv, [...env.map(([k, v]) => `${k}=${v}`), null]);
    if (failed !== 0) throw systemError('posix_spawn', failed, path);
    return pid[0] as number;
  } finally {
    native('int posix_spawn_file_actions_destroy(void *actions)')(actions);
    native('int posix_spawnattr_destroy(void *attributes)')(attributes);
    for (const fd of opened) closeSync(fd);
  }
}

/** Waits for a child of {@link spawnProcess}, this thread with it; its exit code, or 128 and the signal's number. */
export function waitFor(pid: number): number {
  const status = [0];
  while (native(WAITPID)(pid, status, 0) === -1)
    if (lastErrno() !== EINTR) throw systemError('waitpid', lastErrno(), undefined);
  const [word] = status as [number];
  return (word & 0x7f) === 0 ? (word >> 8) & 0xff : 128 + (word & 0x7f);
}

/** Both ends of a pipe, closed in whatever is started, unless it is passed on. The caller closes them. */
export function makePipe(): { readonly from: number; readonly to: number } {
  const ends = [0, 0];
  call(PIPE, 'pipe2', undefined, ends, O_CLOEXEC);
  return { from: ends[0] as number, to: ends[1] as number };
}

/** A file in memory for what a program writes: unlike a pipe it needs no reader meanwhile. The caller closes it. */
export function memoryFile(): number {
  return call(MEMFD, 'memfd_create', undefined, 'mica', 1);
}

/** All that was written to a {@link memoryFile}. */
export function memoryText(fd: number): string {
  return readFileSync(`/proc/self/fd/${fd}`, 'utf8');
}

/** What a program that ran to its end left. */
export interface Ended {
  /** Its exit code, or 128 and the signal's number. */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a program to its end; `input` is what it reads. What it leaves running in the background is not waited for.
 * @throws the errno's error if it cannot be started
 */
export function runProgram(
  path: string,
  args: readonly string[],
  { input, cwd }: { readonly input?: string; readonly cwd?: string } = {},
): Ended {
  const opened: number[] = [];
  const file = () => {
    const fd = memoryFile();
    opened.push(fd);
    return fd;
  };
  try {
    const given = input === undefined ? null : file();
    // By its path, so that it stands at its beginning for the program.
    if (given !== null) writeFileSync(`/proc/self/fd/${given}`, input as string);
    const out = file();
    const err = file();
    const status = waitFor(spawnProcess(path, args, { stdio: [given, out, err], ...(cwd ? { cwd } : {}) }));
    return { status, stdout: memoryText(out), stderr: memoryText(err) };
  } finally {
    for (const fd of opened) closeSync(fd);
  }
}
