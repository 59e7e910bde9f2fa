import type { Readable, Transform } from 'node:stream';
import { finished } from 'node:stream/promises';
import { type Attachment, type Engine, MicaError, rawOutput } from '@mica/engine';
import { detachable, parseDetachKeys } from './detach-keys.ts';

export interface ConnectOptions {
  /** Pass this process's standard input on. */
  readonly stdin: boolean;
  /** The container's process has a terminal: keys go through raw, the window's size follows. */
  readonly tty: boolean;
  /** Of the outputs only these, `stdout` and `stderr`; absent, both. */
  readonly streams?: readonly string[];
  /** What runs there is to draw its screen anew: it does when the window's size changes. */
  readonly redraw?: boolean;
  /** docker's notation: `ctrl-p,ctrl-q`. */
  readonly detachKeys?: string;
  /** Takes the signals that this process gets; absent, they act on it as usual. */
  readonly onSignal?: (signal: NodeJS.Signals) => void;
}

const proxied: readonly NodeJS.Signals[] = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGUSR1', 'SIGUSR2'];

/** A program that hears of two changes at once may find the size that it knows, and draws nothing. */
const REDRAW_MS = 150;

/**
 * Connects this process's streams to a container's until it ends: its exit code; or null when the user
 * left it with the detach keys.
 */
export async function connect(attachment: Attachment, options: ConnectOptions): Promise<number | null> {
  const { stdout, stderr } = process;
  const shown = (name: string) => options.streams?.includes(name) ?? true;
  if (shown('stdout')) attachment.stdout.pipe(stdout, { end: false });
  else attachment.stdout.resume();
  if (shown('stderr')) attachment.stderr.pipe(stderr, { end: false });
  else attachment.stderr.resume();
  const stdin = options.stdin ? process.stdin : null; // asking for it opens it: 10 ms
  const raw = options.tty && stdin?.isTTY;
  const resize = () => attachment.resize(stdout.rows, stdout.columns);
  // Stopped (kill -TSTP), it left the terminal to the shell, which gives it back as it has it itself.
  const goOn = () => {
    stdin?.setRawMode(false); // or libuv, which knows it as raw, would leave it as it is
    if (stdin) takeKeys(stdin);
    process.emit('SIGWINCH', 'SIGWINCH'); // the window's new size was told the shell alone
  };
  const { onSignal } = options;
  let settling: NodeJS.Timeout | undefined;
  const { promise: detached, resolve: detach } = Promise.withResolvers<null>();
  if (options.tty && stdout.isTTY) {
    if (options.redraw) {
      attachment.resize(stdout.rows + 1, stdout.columns + 1);
      settling = setTimeout(resize, REDRAW_MS);
    } else resize();
    stdout.on('resize', resize);
  }
  if (onSignal && !options.tty) for (const signal of proxied) process.on(signal, onSignal);
  let keys: Transform | undefined;
  if (stdin) {
    if (raw) {
      takeKeys(stdin);
      process.on('SIGCONT', goOn);
      keys = detachable(parseDetachKeys(options.detachKeys), () => detach(null));
      stdin.pipe(keys).pipe(attachment.stdin);
    } else stdin.pipe(attachment.stdin);
  }
  try {
    // Every byte first: the process ends right after.
    const ended = Promise.all([attachment.exit, over(attachment.stdout), over(attachment.stderr)]);
    const code = await Promise.race([ended.then(([exit]) => exit), detached]);
    if (code === null) {
      // What was typed before the sequence goes in first.
      keys?.end();
      await finished(attachment.stdin).catch(() => {});
      if (raw) stdin?.setRawMode(false); // its line feed is one of ours
      stderr.write('read escape sequence\n');
    }
    return code;
  } finally {
    process.off('SIGCONT', goOn);
    if (raw) stdin?.setRawMode(false);
    if (settling) {
      clearTimeout(settling);
      resize();
    }
    stdout.off('resize', resize);
    if (onSignal) for (const signal of proxied) process.off(signal, onSignal);
    stdin?.unpipe();
    stdin?.pause();
    attachment.close();
  }
}

/** Every key goes to the container, what it writes to the screen as it is. */
function takeKeys(stdin: typeof process.stdin): void {
  stdin.setRawMode(true);
  rawOutput(stdin.fd);
}

function over(stream: Readable): Promise<void> {
  return stream.readableEnded ? Promise.resolve() : new Promise((resolve) => stream.once('end', () => resolve()));
}

/** The window that this process shows, for a process that gets a terminal. */
export function windowSize(): { rows: number; columns: number } | undefined {
  const { rows, columns, isTTY } = process.stdout;
  return isTTY ? { rows, columns } : undefined;
}

/** Gives a container the signal that this process got; one that has just ended, or gone with --rm, needs none. */
export function passOn(engine: Engine, id: string): (signal: NodeJS.Signals) => void {
  return (signal) => {
    try {
      engine.containers.kill(id, signal);
    } catch (error) {
      const ended = error instanceof MicaError && ['not-running', 'no-such-container'].includes(error.code);
      if (!ended) throw error;
    }
  };
}

/** docker's: a terminal cannot be fed from a pipe. */
export function requireTerminal(options: { tty?: boolean | undefined; interactive?: boolean | undefined }): void {
  if (options.tty && options.interactive && !process.stdin.isTTY)
    throw new MicaError('no-terminal', 'the input device is not a TTY', { hint: 'leave -t out' });
}
