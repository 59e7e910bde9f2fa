import { parseReference } from '@mica/engine';
import type { Command } from 'commander';
import { withEngine } from '../session.ts';
import { print } from '../standard-output.ts';

interface Flags {
  insecure?: boolean;
  referrers?: boolean;
  verbose?: boolean;
}

export function define(command: Command): void {
  command
    .argument('<name>', '[HOST[:PORT]/]REPOSITORY[:TAG|@DIGEST]')
    .option('--insecure', 'the registry may have no TLS, or a certificate nobody vouches for')
    .option('--referrers', 'list what refers to it instead: signatures, SBOMs')
    .option('-v, --verbose', 'with its digest and media type')
    .addHelpText('after', '\nExample:\n  mica manifest inspect tomcat:10')
    .action((name: string, flags: Flags, command: Command) =>
      withEngine(command, async (engine) => {
        const { digest, mediaType, bytes, referrers } = await engine.registries.inspectManifest(name, {
          referrers: flags.referrers ?? false,
          insecure: flags.insecure ? [parseReference(name).domain] : [],
        });
        const manifest: unknown = JSON.parse(Buffer.from(bytes).toString());
        const described = {
          Ref: parseReference(name).canonical,
          Descriptor: { mediaType, digest, size: bytes.length },
          Manifest: manifest,
        };
        const shown = flags.referrers ? referrers : flags.verbose ? described : manifest;
        print(`${JSON.stringify(shown, null, '\t')}\n`);
      }),
    );
}
