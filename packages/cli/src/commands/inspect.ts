import { type Engine, MicaError } from '@mica/engine';
import type { Command } from 'commander';
import { addPlatformFlag, requirePlatform } from '../image-platform.ts';
import { type Described, objectPrinter } from '../objects.ts';
import { harmless, report } from '../report.ts';
import { describeNetwork } from '../rows/network.ts';
import { describeVolume } from '../rows/volume.ts';
import { withEngine } from '../session.ts';
import { print } from '../standard-output.ts';

interface Flags {
  readonly format?: string;
  readonly platform?: string;
  readonly size?: boolean;
  readonly type?: string;
}
type Lookup = (engine: Engine, name: string, flags: Flags) => Described;

/** In the order in which a name is looked up. */
const kinds: Readonly<Record<string, Lookup>> = {
  container: (engine, name, { size = false }) => ({ ...engine.containers.inspect(name, { size }) }),
  image: (engine, name, { platform }) => {
    requirePlatform(engine, name, platform);
    return { ...engine.images.inspect(name) };
  },
  network: (engine, name) => describeNetwork(engine.networks.inspect(name)),
  volume: (engine, name) => describeVolume(engine.volumes.get(name)),
};
const notFound = /^no-such-/;

export function define(command: Command): void {
  command
    .description('Shows all that is known of containers, images, networks and volumes, as JSON or through a template.')
    .argument('<name...>', 'names or IDs')
    .option('-f, --format <string>', 'json, or a Go template: {{.State.Status}}')
    .option('-s, --size', 'also the sizes of containers')
    .addHelpText(
      'after',
      '\nExamples:\n  mica inspect web\n  mica inspect -f \'{{.State.Status}} {{index .Config.Labels "app"}}\' web',
    );
  // `container inspect` and `image inspect` have it in their name.
  const group = command.parent?.name() ?? '';
  if (group === 'image') addPlatformFlag(command);
  const isKind = Object.hasOwn(kinds, group);
  if (!isKind) command.option('--type <type>', Object.keys(kinds).join(', '));
  command.action((names: string[], flags: Flags, command: Command) =>
    withEngine(command, (engine) => inspect(engine, names, { ...flags, ...(isKind ? { type: group } : {}) })),
  );
}

async function inspect(engine: Engine, names: readonly string[], flags: Flags): Promise<void> {
  const { type } = flags;
  if (type !== undefined && !Object.hasOwn(kinds, type))
    throw new MicaError('invalid-argument', `${JSON.stringify(type)} is not a valid value for --type`, {
      hint: `it is one of ${Object.keys(kinds).join(', ')}`,
    });
  const show = await objectPrinter(flags.format);
  const found: Described[] = [];
  const failures: unknown[] = [];
  for (const name of names) {
    try {
      found.push(look(engine, name, flags));
    } catch (error) {
      failures.push(error);
    }
  }
  print(show(found));
  for (const error of failures) {
    process.exitCode = 1;
    // docker's very words, which scripts look for; anything but a missing object is told as elsewhere.
    if (error instanceof MicaError && notFound.test(error.code))
      process.stderr.write(`Error: ${harmless(error.message)}\n`);
    else report(error);
  }
}

function look(engine: Engine, name: string, flags: Flags): Described {
  const { type } = flags;
  for (const [kind, lookup] of Object.entries(kinds)) {
    if (type !== undefined && kind !== type) continue;
    try {
      return lookup(engine, name, flags);
    } catch (error) {
      const next = error instanceof MicaError && (notFound.test(error.code) || error.code === 'invalid-reference');
      if (!next || type !== undefined) throw error;
    }
  }
  throw new MicaError('no-such-path', `No such object: ${name}`, {
    subject: name,
    hint: 'mica ps -a, mica images, mica volume ls and mica network ls list what there is',
  });
}
