import { accessSync, constants } from 'node:fs';
import { MicaError } from '../error.ts';
import { runProgram } from '../system/spawn.ts';
import { runtimeWorks } from './probe.ts';

/** Finds a program as the shell would, and in the system's folders that a user's PATH may lack. */
export function findProgram(name: string): string | null {
  const folders = [
    ...(process.env.PATH ?? '').split(':'),
    '/usr/sbin',
    '/usr/bin',
    '/sbin',
    '/usr/local/sbin',
    '/usr/libexec/podman',
    '/usr/lib/podman',
  ];
  for (const path of name.includes('/') ? [name] : folders.map((folder) => `${folder}/${name}`)) {
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // the next folder
    }
  }
  return null;
}

/** The programs that containers need, each with where it is found, or null. One of crun and runc is enough. */
export function findTools(): { readonly name: string; readonly path: string | null }[] {
  return ['crun', 'runc', 'conmon', 'nft', 'aardvark-dns'].map((name) => ({ name, path: findProgram(name) }));
}

export function requireProgram(name: string, debian: string): string {
  const path = findProgram(name);
  if (path === null)
    throw new MicaError('missing-tool', `${name} is not installed`, {
      subject: name,
      hint: `install it: apt-get install ${debian}`,
    });
  return path;
}

/** crun or runc, with its state in `root`. Call from within the private mounts, where crun works. */
export class OciRuntime {
  readonly path: string;
  readonly root: string;

  constructor(path: string, root: string) {
    this.path = path;
    this.root = root;
  }

  /** `auto` takes crun where it is installed and works, else runc. */
  static find(wanted: string, root: string): OciRuntime {
    if (wanted !== 'auto') return new OciRuntime(requireProgram(wanted, wanted), root);
    const [crun, runc] = [findProgram('crun'), findProgram('runc')];
    if (crun === null) return new OciRuntime(runc ?? requireProgram('crun', 'crun'), root);
    return new OciRuntime(runc === null || runtimeWorks(crun) ? crun : runc, root);
  }

  /** Runs one command to its end. @throws MicaError runtime-failed with the runtime's own last line */
  run(...args: string[]): string {
    const { status, stdout, stderr } = runProgram(this.path, ['--root', this.root, ...args]);
    if (status === 0) return stdout;
    throw runtimeError(stderr || `exit code ${status}`, args);
  }
}

/** Names what a runtime's message means: 127 for a command that is not there, 126 for one that cannot be run. */
export function runtimeError(output: string, args: readonly string[]): MicaError {
  const text = output.trim().split('\n').at(-1) ?? '';
  const missing = /executable file|No such file or directory/.test(text) && /exec|executable/.test(text);
  if (/chdir/.test(text))
    return new MicaError('no-such-path', `cannot start the command: ${text}`, {
      exitCode: 127,
      hint: 'the working directory is not there',
    });
  if (missing)
    return new MicaError('command-not-found', `cannot start the command: ${text}`, {
      exitCode: 127,
      hint: 'is it in the image, and on its PATH?',
    });
  if (/too many levels of symbolic links/i.test(text) && /exec/.test(text))
    return new MicaError('command-not-found', `cannot start the command: ${text}`, {
      exitCode: 127,
      hint: 'a symbolic link on its path leads back to itself',
    });
  // crun opens a directory that is to be the command as an executable, and says that this is not permitted.
  const refused = /[Pp]ermission denied|Exec format error|[Ii]s a directory|open executable: Operation not permitted/;
  if (refused.test(text) && /exec|open/.test(text))
    return new MicaError('command-not-executable', `cannot start the command: ${text}`, { exitCode: 126 });
  return new MicaError('runtime-failed', `the OCI runtime failed (${args[0]}): ${text}`);
}
