/** A signal that Ctrl-C (or a termination) aborts; the second one ends the process at once. Dispose of it at the end. */
export function interruptible(): { readonly signal: AbortSignal } & Disposable {
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
  return { signal: controller.signal, [Symbol.dispose]: off };
}
