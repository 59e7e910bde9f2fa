import { accessSync, constants } from 'node:fs';
import { MicaError } from '../error.ts';
import { runProgram } from '../system/spawn.ts';
import { runtimeWorks } from './probe.ts';
import { runtimeError } from './runtime-error.ts';

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
    throw runtimeError(stderr || `exit code ${status}`, args[0] ?? '');
  }
}
