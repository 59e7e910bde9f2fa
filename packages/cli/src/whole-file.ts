import { renameSync, rmSync } from 'node:fs';
import { nameBeside } from '@mica/engine';

/** Under another name beside it until it is complete; taken away when it failed or was interrupted. */
export async function wholeFile(output: string, write: (at: string) => Promise<void>): Promise<void> {
  const at = nameBeside(output);
  const remove = () => rmSync(at, { recursive: true, force: true });
  const stop = (signal: NodeJS.Signals) => {
    remove();
    process.kill(process.pid, signal);
  };
  const signals: NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.once(signal, stop);
  try {
    await write(at);
    renameSync(at, output);
  } finally {
    for (const signal of signals) process.off(signal, stop);
    remove();
  }
}
