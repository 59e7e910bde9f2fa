import { readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { TestStore } from './store.ts';

/**
 * Interrupts a command once it has a file open whose path ends so; its exit code and what it said. It must not be able to
 * come to its end by itself: on a busy machine this process may look much later.
 */
export async function interrupted(
  store: TestStore,
  args: readonly string[],
  file: RegExp,
  input: Uint8Array = Buffer.alloc(0),
  signal: NodeJS.Signals = 'SIGINT',
): Promise<[unknown, string]> {
  const child = store.spawn(args);
  let err = '';
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  child.stdin.write(input);
  const open = `/proc/${child.pid}/fd`;
  const begun = setInterval(() => {
    if (!openAt(open).some((path) => file.test(path))) return;
    clearInterval(begun);
    child.kill(signal);
  }, 2);
  const code = await new Promise((resolve) => child.on('close', resolve));
  clearInterval(begun);
  return [code, err];
}

/** What a process has open; nothing once it has ended. */
function openAt(folder: string): string[] {
  try {
    return readdirSync(folder).map((fd) => readlinkSync(join(folder, fd)));
  } catch {
    return []; // a moment later it is there, or closed
  }
}
