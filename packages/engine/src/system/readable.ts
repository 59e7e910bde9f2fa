import { readSync, writeSync } from 'node:fs';
import { type AsyncCall, native } from './library.ts';
import { makePipe } from './spawn.ts';

const POLL = 'int poll(void *fds, unsigned long count, int timeout)';
/** struct pollfd (poll(2)): the descriptor, then two half-words, what is asked and what is so. */
const SIZE = 8;
const POLLIN = 1;

/** Who waits for which descriptor. */
const waiting = new Map<number, () => void>();
let wake: ReturnType<typeof makePipe> | undefined;
let state: 'idle' | 'polling' | 'telling' = 'idle';

/**
 * Tells once when a read of `fd` would not block: bytes have come, or the end. For what Node itself cannot wait for:
 * one of libuv's four threads waits for all of them together, however many there are. Until then the descriptor stays
 * open, and is nobody else's to wait for.
 */
export function whenReadable(fd: number, tell: () => void): void {
  waiting.set(fd, tell);
  if (state === 'idle') poll();
  else if (state === 'polling') wakeUp();
}

function poll(): void {
  wake ??= makePipe();
  const asked = [wake.from, ...waiting.keys()];
  const fds = Buffer.alloc(asked.length * SIZE);
  asked.forEach((fd, at) => {
    fds.writeInt32LE(fd, at * SIZE);
    fds.writeInt16LE(POLLIN, at * SIZE + 4);
  });
  state = 'polling';
  (native(POLL) as AsyncCall).async(fds, asked.length, -1, () => {
    state = 'telling'; // who is told may wait again at once
    asked.forEach((fd, at) => {
      if (fds.readInt16LE(at * SIZE + 6) === 0) return;
      if (at === 0) readSync(fd, Buffer.alloc(64));
      const tell = waiting.get(fd);
      waiting.delete(fd);
      tell?.();
    });
    state = 'idle';
    if (waiting.size > 0) poll();
  });
}

function wakeUp(): void {
  if (wake) writeSync(wake.to, '\0');
}
