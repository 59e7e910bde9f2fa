import { MicaError } from '@mica/engine';

interface Interrupt extends Disposable {
  readonly signal: AbortSignal;
  /** For `catch`: a stopped command ends with 130 and says what `became` of its work; another error stays itself. */
  readonly told: (became: string) => (error: unknown) => never;
}

/** A signal that Ctrl-C (or a termination) aborts; the second one ends the process at once. Dispose of it at the end. */
export function interruptible(): Interrupt {
  const controller = new AbortController();
  const signals: NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  const off = () => {
    for (const name of signals) process.off(name, stop);
  };
  const stop = () => {
    off();
    controller.abort();
  };
  for (const name of signals) process.on(name, stop);
  const told = (became: string) => (error: unknown) => {
    if (!controller.signal.aborted) throw error;
    throw new MicaError('aborted', `interrupted, ${became}`, { exitCode: 130 });
  };
  return { signal: controller.signal, told, [Symbol.dispose]: off };
}
