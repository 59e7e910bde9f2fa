import { parseReference } from '@mica/engine';
import type { Command } from 'commander';
import { many } from '../flags/flag-group.ts';
import { addContentTrustFlag, refuseFlags } from '../flags/unsupported.ts';
import { pullProgress } from '../pull-progress.ts';
import { withEngine } from '../session.ts';

interface Flags {
  quiet?: boolean;
  platform?: string;
  allPlatforms?: boolean;
  insecure: string[];
}

export function define(command: Command): void {
  refuseFlags(command, { '-a, --all-tags': 'pull each tag by its name' });
  addContentTrustFlag(command);
  command
    .argument('<name>', '[HOST[:PORT]/]REPOSITORY[:TAG|@DIGEST]')
    .option('-q, --quiet', 'only the name')
    .option('--platform <os/arch[/variant]>', 'another than this machine')
    .option('--all-platforms', 'everything that the image lists, so that it can be pushed on as it is')
    .option(
      '--insecure <host[:port]>',
      'this registry may have no TLS, or a certificate nobody vouches for',
      many,
      [] as string[],
    )
    .addHelpText('after', '\nExample:\n  mica pull tomcat:10')
    .action((name: string, flags: Flags, command: Command) =>
      withEngine(command, async (engine) => {
        parseReference(name); // before a word of a pull is said
        const progress = pullProgress(name, process.stdout, flags.quiet);
        const result = await engine.registries.pull(name, {
          ...(flags.platform ? { platform: flags.platform } : {}),
          ...(flags.allPlatforms ? { allPlatforms: true } : {}),
          insecure: flags.insecure,
          onPull: progress.show,
        });
        progress.end(result);
        process.stdout.write(`${result.canonical}\n`);
      }),
    );
}
