import type { Progress } from '@mica/engine';
import { humanSize } from './format.ts';
import { isTerminal } from './standard-output.ts';

/** One line on a terminal that shows how far the bytes are; nothing in a pipe. Dispose of it to clear it. */
export function byteProgress(verb: string, quiet = false) {
  const shown = !quiet && isTerminal(2);
  let last = 0;
  const clear = () => {
    if (shown && last > 0) process.stderr.write('\r\x1b[K');
    last = 0;
  };
  return {
    show: ({ bytes, totalBytes }: Progress) => {
      if (!shown) return;
      const now = performance.now();
      if (now - last < 100) return;
      last = now;
      const of = totalBytes === undefined ? '' : ` ${bar(bytes / Math.max(totalBytes, 1))}`;
      const total = totalBytes === undefined ? '' : `/${humanSize(totalBytes)}`;
      process.stderr.write(`\r${verb}${of} ${humanSize(bytes)}${total}\x1b[K`);
    },
    clear,
    [Symbol.dispose]: clear,
  };
}

/** docker's own: 50 characters, `[====>      ]`. */
export function bar(share: number): string {
  const full = Math.min(50, Math.max(0, Math.floor(share * 50)));
  return `[${`${'='.repeat(Math.max(0, full - 1))}${full === 50 ? '=' : '>'}`.padEnd(50)}]`;
}
