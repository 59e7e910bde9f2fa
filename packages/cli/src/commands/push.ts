import { MicaError, type PushEvent, parseReference } from '@mica/engine';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { Bars } from '../bars.ts';
import { many } from '../flags/flag-group.ts';
import { addContentTrustFlag } from '../flags/unsupported.ts';
import { interruptible } from '../interrupt.ts';
import { withEngine } from '../session.ts';

interface Flags {
  allTags?: boolean;
  quiet?: boolean;
  platform?: string;
  compression?: 'gzip' | 'zstd' | 'none';
  compressionLevel?: number;
  insecure: string[];
}

export function define(command: Command): void {
  addContentTrustFlag(command);
  command
    .argument('<name>', '[HOST[:PORT]/]REPOSITORY[:TAG]')
    .option('-a, --all-tags', 'every tag of the repository')
    .option('-q, --quiet', 'only the name')
    .option('--platform <os/arch[/variant]>', 'only the image of this platform')
    .addOption(
      new Option('--compression <kind>', 'of layers made here: gzip unless said otherwise').choices([
        'gzip',
        'zstd',
        'none',
      ]),
    )
    .option('--compression-level <number>', '0 to 9 for gzip (6), 1 to 19 for zstd (3)', level)
    .option(
      '--insecure <host[:port]>',
      'this registry may have no TLS, or a certificate nobody vouches for',
      many,
      [] as string[],
    )
    .addHelpText('after', '\nExample:\n  mica push registry.example:5000/team/web:1.1')
    .action((name: string, flags: Flags, command: Command) =>
      withEngine(command, async (engine) => {
        const most = flags.compression === 'zstd' ? 19 : 9;
        if (flags.compressionLevel !== undefined && flags.compressionLevel > most)
          throw new MicaError('invalid-argument', `compression level ${flags.compressionLevel} is above ${most}`);
        const { domain, repository, tag } = parseReference(name);
        const given = /:[^:/]+$/.test(name);
        if (flags.allTags && given)
          throw new MicaError('invalid-argument', "tag can't be used with --all-tags/-a", { subject: name });
        const tags = flags.allTags ? engine.images.tagsOf(domain, repository) : [tag ?? 'latest'];
        if (tags.length === 0)
          throw new MicaError('no-such-image', `An image does not exist locally with the tag: ${name}`, {
            subject: name,
            hint: 'mica images lists what there is; mica tag IMAGE NAME gives one a name',
          });
        using interrupt = interruptible();
        const bars = new Bars(process.stdout);
        if (!flags.quiet) {
          if (!flags.allTags && !given) process.stdout.write('Using default tag: latest\n');
          process.stdout.write(`The push refers to repository [${domain}/${repository}]\n`);
        }
        for (const one of tags) {
          const pushing = engine.registries.push(`${domain}/${repository}:${one}`, {
            ...(flags.platform ? { platform: flags.platform } : {}),
            ...(flags.compression ? { compression: flags.compression } : {}),
            ...(flags.compressionLevel === undefined ? {} : { level: flags.compressionLevel }),
            insecure: flags.insecure,
            onPush: (event) => flags.quiet || show(bars, event),
            signal: interrupt.signal,
          });
          const result = await pushing.catch(interrupt.told('not all of it was pushed'));
          bars.end();
          if (flags.quiet) process.stdout.write(`${domain}/${repository}:${one}\n`);
          else process.stdout.write(`${result.tag}: digest: ${result.digest} size: ${result.size}\n`);
        }
      }),
    );
}

function show(bars: Bars, { status, subject, from, bytes, totalBytes }: PushEvent): void {
  if (bytes !== undefined) bars.bytes(subject, status, bytes, totalBytes ?? 0);
  else bars.line(subject, from === undefined ? status : `${status} ${from}`);
}

function level(value: string): number {
  if (!/^\d{1,2}$/.test(value)) throw new InvalidArgumentError('not a number');
  return Number(value);
}
