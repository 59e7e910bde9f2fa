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
      const now = milliseconds();
      if (now - last < 100) return;
      last = now;
      const { columns } = process.stderr;
      const text =
        totalBytes === undefined
          ? `${verb} ${humanSize(bytes)}`
          : barOrNumbers(
              verb,
              bytes / Math.max(totalBytes, 1),
              `${humanSize(bytes)}/${humanSize(totalBytes)}`,
              columns,
            );
      process.stderr.write(`\r${text.slice(0, Math.max(1, (columns || 80) - 1))}\x1b[K`);
    },
    clear,
    [Symbol.dispose]: clear,
  };
}

/** What goes on and how far it is: with a bar between, or by the numbers alone where a line has no room for it. */
export function barOrNumbers(what: string, share: number, numbers: string, columns: number): string {
  const full = `${what} ${bar(share)} ${numbers}`;
  return full.length < (columns || 80) ? full : `${what} ${numbers}`;
}

/** docker's own: 50 characters, `[====>      ]`. */
function bar(share: number): string {
  const full = Math.min(50, Math.max(0, Math.floor(share * 50)));
  return `[${`${'='.repeat(Math.max(0, full - 1))}${full === 50 ? '=' : '>'}`.padEnd(50)}]`;
}

/** By a clock that only goes on. The first use of `performance` loads 2.5 ms of Node's own code. */
export function milliseconds(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
