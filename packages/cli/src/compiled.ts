import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { constants, Script } from 'node:vm';

/** So many runs of a command add what they compiled to what is kept for it: the next takes another way through it. */
const LESSONS = 4;

/** A file of the bundle that this process has loaded, and where its compiled code is kept. */
interface Loaded {
  readonly script: Script;
  readonly kept: string;
  readonly lessons: number;
}

/**
 * V8's compiled code of the bundle's files, kept in a folder between runs of a command, with every function that
 * it came to call. Node's own compile cache keeps but what is compiled as a file is loaded: a commit compiled 450
 * functions again each time, 18 ms of 200. From now on `require` takes from it; what is returned saves what is new.
 */
export function keepCompiled(folder: string, command: string): () => void {
  const { extensions } = createRequire(import.meta.filename);
  const plain = extensions['.js'];
  const loaded: Loaded[] = [];
  extensions['.js'] = (module, filename) => {
    const beside = dirname(filename);
    if (beside !== import.meta.dirname) return plain?.(module, filename);
    const { text, changed } = wrapped(filename);
    const kept = join(folder, `${basename(filename, '.js')}.${command}.${changed}`);
    const known = read(kept);
    const script = new Script(text, {
      filename,
      importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER, // what the bundle leaves outside
      ...(known ? { cachedData: known.code } : {}),
    });
    const lessons = script.cachedDataRejected ? 0 : (known?.lessons ?? 0);
    if (lessons < LESSONS) loaded.push({ script, kept, lessons: lessons + 1 });
    script.runInThisContext()(module.exports, (id: string) => module.require(id), module, filename, beside);
  };
  return () => {
    for (const { script, kept, lessons } of loaded) save(kept, script.createCachedData(), lessons);
    if (loaded.length > 0) sweep(folder);
  };
}

/** Not read for so long: of a bundle that is gone, where they are kept for one that somebody else owns. */
const FORGOTTEN_MS = 60 * 24 * 60 * 60 * 1000;

function sweep(folder: string): void {
  try {
    for (const name of readdirSync(folder)) {
      const file = join(folder, name);
      const { atimeMs, mtimeMs } = statSync(file);
      if (Math.max(atimeMs, mtimeMs) < Date.now() - FORGOTTEN_MS) unlinkSync(file);
    }
  } catch {} // another command is at it
}

/**
 * From this length on (its EXTERN_APEX) Node gives V8 a text in the C library's heap, which is of huge pages; a shorter one
 * is copied to V8's own, for a large file of ours 70 fresh pages, 1 to 3 ms. So such a one is filled up with blanks.
 */
const EXTERNAL = 0xfbee9;
const LARGE = 128 << 10;

const before = '(function (exports, require, module, __filename, __dirname) { ';
const after = '\n})';

/**
 * The text as `require` has it, in one piece: the bundle is ASCII. `changed` says which version of the file it is, by
 * the time that no packer can give to all of them alike: V8 itself compares but how long the text is.
 */
function wrapped(filename: string): { text: string; changed: string } {
  const fd = openSync(filename, 'r');
  try {
    const { size, ctimeMs } = fstatSync(fd);
    const length = before.length + size + after.length;
    const bytes = Buffer.allocUnsafeSlow(size >= LARGE ? Math.max(length, EXTERNAL) : length);
    let at = bytes.write(before, 'latin1');
    for (let n = -1; n !== 0; at += n) n = readSync(fd, bytes, at, before.length + size - at, null);
    at += bytes.write(after, at, 'latin1');
    return { text: bytes.fill(0x20, at).toString('latin1'), changed: Math.floor(ctimeMs).toString(36) };
  } finally {
    closeSync(fd);
  }
}

/** Twice the code, then how often it was added to: V8 runs damaged code to its own end, and checks none of it. */
function read(kept: string): { code: Buffer; lessons: number } | undefined {
  let bytes: Buffer;
  try {
    bytes = readFileSync(kept);
  } catch {
    return undefined;
  }
  const half = Math.floor(bytes.length / 2);
  const code = bytes.subarray(0, half);
  const lessons = bytes.at(-1);
  return lessons && code.equals(bytes.subarray(half, half * 2)) ? { code, lessons } : undefined;
}

/** A disk that is full or not to be written on: the next run compiles again, and no half of it stays there. */
function save(kept: string, code: Buffer, lessons: number): void {
  // Threads of one process save at once.
  const draft = `${kept}.${process.pid}-${process.getBuiltinModule('node:worker_threads').threadId}`;
  try {
    // Not by Node's recursive mkdir, which tries for ever below /proc.
    for (const folder of [dirname(dirname(kept)), dirname(kept)]) makeFolder(folder);
    writeFileSync(draft, Buffer.concat([code, code, Buffer.of(lessons)]), { mode: 0o600 });
    renameSync(draft, kept);
  } catch {
    try {
      unlinkSync(draft);
    } catch {}
  }
}

/** Where it cannot be made, what is written to it fails. */
function makeFolder(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch {}
}
