import type { Command } from 'commander';
import { many } from '../flags/flag-group.ts';
import { humanSize } from '../format.ts';
import { withEngine } from '../session.ts';
import { print } from '../standard-output.ts';

interface Flags {
  insecure: string[];
  platform?: string;
  quiet?: boolean;
  referrers?: boolean;
}

const words = { copied: 'Copied', there: 'Already exists', foreign: 'Foreign layer, not copied' };

export function define(command: Command): void {
  command
    .description(
      'Copies an image or artifact byte for byte, without unpacking it. A place is docker://NAME in a registry, store:NAME, oci:DIRECTORY[:TAG], oci-archive:FILE[:TAG] or docker-archive:FILE[:NAME].',
    )
    .argument('<source>')
    .argument('<target>')
    .option(
      '--insecure <host[:port]>',
      'this registry may have no TLS, or a certificate nobody vouches for',
      many,
      [] as string[],
    )
    .option('--platform <os/arch[/variant]>', 'only the image of this platform')
    .option('-q, --quiet', 'only the digest')
    .option('--referrers', 'also what refers to it: signatures, SBOMs')
    .addHelpText(
      'after',
      '\nExamples:\n  mica copy docker://tomcat:10 docker://registry.example/mirror/tomcat:10\n  mica copy docker://tomcat:10 oci-archive:tomcat.tar:tomcat:10',
    )
    .action((source: string, target: string, flags: Flags, command: Command) =>
      withEngine(command, async (engine) => {
        const { digest } = await engine.registries.transfer(source, target, {
          insecure: flags.insecure,
          referrers: flags.referrers ?? false,
          ...(flags.platform ? { platform: flags.platform } : {}),
          onBlob: ({ subject, bytes, done }) => {
            if (!flags.quiet) print(`${subject}: ${words[done]} (${humanSize(bytes)})\n`);
          },
        });
        print(flags.quiet ? `${digest}\n` : `Digest: ${digest}\n`);
      }),
    );
}
