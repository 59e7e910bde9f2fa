import { MicaError } from '@mica/engine';

const signals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

interface Interrupt extends Disposable {
  readonly signal: AbortSignal;
  /** Of a command that was stopped: 128 and the signal's number, as a shell has it for one that a signal ended. */
  readonly exitCode: () => number;
  /** For `catch`: a stopped command ends with that and says what `became` of its work; another error stays itself. */
  readonly told: (became: string) => (error: unknown) => never;
}

/** A stopped one would keep its container still until it goes on, and all who want something of that waiting. */
const NOT_STOPPED = 'mica: not stopped, for a commit keeps its container still meanwhile: Ctrl-C ends it\n';
const refuseStop = () => void process.stderr.write(NOT_STOPPED);

/**
 * A signal that Ctrl-C (or a termination) aborts; the second one ends the process at once. `freezes`: Ctrl-Z does not stop
 * the command, and it says why. Dispose of it at the end.
 */
export function interruptible({ freezes = false } = {}): Interrupt {
  const controller = new AbortController();
  let exitCode = 130;
  const off = () => {
    for (const name of signals) process.off(name, stop);
    process.off('SIGTSTP', refuseStop);
  };
  if (freezes) process.on('SIGTSTP', refuseStop);
  const stop = (_: NodeJS.Signals, number: number) => {
    off();
    exitCode = 128 + number;
    controller.abort();
  };
  for (const name of signals) process.on(name, stop);
  const told = (became: string) => (error: unknown) => {
    if (!controller.signal.aborted) throw error;
    throw new MicaError('aborted', `interrupted, ${became}`, { exitCode });
  };
  return { signal: controller.signal, exitCode: () => exitCode, told, [Symbol.dispose]: off };
}
