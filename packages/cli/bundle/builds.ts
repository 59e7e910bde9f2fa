import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  lstatSync,
  lutimesSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { startedWith } from './started-with.ts';

/** The name of a build's folder: what is in it. */
const buildName = /^[0-9a-f]{16}$/;
/** Looked up by who runs a command: links through `current`, which one rename(2) turns to another build. */
const entries = ['folders.sh', 'main.js'];
const made = 'made';
/**
 * How long a build that is no longer the current one stays at least: for those whom nobody sees in /proc, in another
 * PID namespace or behind hidepid, and for the moment between the shell that read `folders.sh` and its exec.
 */
const KEPT_MS = 60 * 60 * 1000;
/** A file's time is up to a tick of the kernel's clock behind, and a process's is counted in hundredths of a second. */
const TICK_MS = 10;
/** By so much the clock may have been set between a process's start and now. */
const CLOCK_MS = 60 * 1000;

/**
 * The builds in `dist`. Each is a folder that nobody changes, with its threads' files, its kernels and what V8 compiled
 * of it, so that a command that began with one goes on with that one: what it loads later has hashed names, and a
 * thread's file or kernels of another build speak otherwise.
 */
export class Builds {
  readonly #dist: string;

  constructor(dist: string) {
    this.#dist = dist;
  }

  /**
   * Makes the bundle in `from` the current build. `packages` is where its sources are: where one is not as it was read,
   * all are newer than the build's main.js; so is what is changed from now on. Idempotent; two at once harm nothing.
   */
  publish(from: string, packages: string): void {
    const began = (Date.now() - TICK_MS) / 1000;
    const name = nameOf(from);
    const build = join(this.#dist, name);
    if (!existsSync(build)) {
      const draft = this.#draft();
      cpSync(from, draft, { recursive: true });
      this.#rename(draft, build);
    } else lutimesSync(build, new Date(), new Date()); // another build, that prunes now, leaves it
    const time = isAsRead(JSON.parse(readFileSync(join(from, 'sources.json'), 'utf8')), packages) ? began : 0;
    utimesSync(join(build, 'main.js'), time, time);
    const current = linkOf(join(this.#dist, 'current'));
    if (current !== name) {
      const now = new Date();
      for (const each of current ? [current] : this.#others()) lutimesSync(join(this.#dist, each), now, now);
      this.#link(name, 'current');
    }
    for (const entry of entries)
      if (linkOf(join(this.#dist, entry)) !== `current/${entry}`) this.#link(`current/${entry}`, entry);
  }

  /** Removes what no command can be using: see KEPT_MS. `processes` is when those began that run a build of here. */
  prune(processes = startedWith(join(basename(this.#dist), 'main.js'))): void {
    for (const name of this.#others()) {
      const path = join(this.#dist, name);
      const { mtimeMs: until } = lstatSync(path);
      const since = buildName.test(name) ? statSync(join(path, 'package.json')).mtimeMs : 0;
      // Who began while it was the current one began with it.
      const isUsed = processes.some((at) => at > since - CLOCK_MS && at < until + CLOCK_MS);
      if (!isUsed && until < Date.now() - KEPT_MS) rmSync(path, { recursive: true, force: true });
    }
  }

  /** All that is neither the current build nor leads there. */
  #others(): string[] {
    const kept = [...entries, made, 'current', linkOf(join(this.#dist, 'current'))];
    return readdirSync(this.#dist).filter((name) => !kept.includes(name));
  }

  #link(target: string, name: string): void {
    const draft = this.#draft();
    symlinkSync(target, draft);
    this.#rename(draft, join(this.#dist, name));
  }

  #draft(): string {
    const draft = join(this.#dist, `draft-${process.pid}`);
    rmSync(draft, { recursive: true, force: true });
    return draft;
  }

  #rename(draft: string, path: string): void {
    try {
      renameSync(draft, path);
    } catch (error) {
      rmSync(draft, { recursive: true, force: true });
      // Another process has just made the same build.
      if (!existsSync(path) || (error as NodeJS.ErrnoException).code !== 'ENOTEMPTY') throw error;
    }
  }
}

function nameOf(folder: string): string {
  const hash = createHash('sha256');
  for (const file of readdirSync(folder).sort()) {
    const bytes = readFileSync(join(folder, file));
    hash.update(`${file}\0${bytes.length}\0`).update(bytes);
  }
  return hash.digest('hex').slice(0, 16);
}

/** Compared by what is in them: a bundle from Nx's cache is of sources that were written at any time since. */
function isAsRead(sources: Record<string, string>, packages: string): boolean {
  return Object.entries(sources).every(([path, digest]) => {
    try {
      return (
        createHash('sha256')
          .update(readFileSync(join(packages, path)))
          .digest('hex') === digest
      );
    } catch {
      return true; // removed: bin/mica looks no more at it, and the next build is without
    }
  });
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
