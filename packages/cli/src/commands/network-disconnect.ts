import type { Command } from 'commander';
import { withEngine } from '../session.ts';

export function define(command: Command): void {
  command
    .argument('<network>')
    .argument('<container>')
    .option('-f, --force', 'as without: kept for docker scripts')
    .addHelpText('after', '\nExample:\n  mica network disconnect back web')
    .action((network: string, container: string, _options: object, command: Command) =>
      withEngine(command, (engine) => engine.containers.disconnect(network, container)),
    );
}
