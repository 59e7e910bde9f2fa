import type { Command } from 'commander';
import { withEngine } from '../session.ts';

export function define(command: Command): void {
  command
    .option('--until-idle', 'end when no running container needs it')
    .addHelpText(
      'after',
      `
Watches the containers of one store: health checks, logs of several files, restart policies after a boot or
a kill -9. A container with a health check brings one that ends with it; for restarts at boot enable the
service: systemd/mica-monitor.service.

Example:
  mica monitor`,
    )
    .action((options: { untilIdle?: boolean }, command: Command) =>
      withEngine(command, async (engine) => {
        const stop = new AbortController();
        for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
        await engine.containers.monitor({ signal: stop.signal, untilIdle: options.untilIdle ?? false });
      }),
    );
}
