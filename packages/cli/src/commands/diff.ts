import { type Engine, MicaError } from '@mica/engine';
import type { Command } from 'commander';
import { Output, shownName } from '../image-path.ts';
import { withEngine } from '../session.ts';
import { isTerminal, print } from '../standard-output.ts';

export function define(command: Command): void {
  command
    .description('Shows what a container changed, or what one image has unlike another: A added, C changed, D deleted.')
    .argument('<container|image>')
    .argument('[image]', 'with it, both are images')
    .option('--json', 'of two images: JSON lines that say what differs')
    .addHelpText('after', '\nExamples:\n  mica diff web\n  mica diff base:1.0 base:1.1')
    .action((name: string, image: string | undefined, options: { json?: boolean }, command: Command) =>
      withEngine(command, (engine) => {
        if (image !== undefined) return imageDiff(engine, name, image, options.json ?? false);
        if (options.json)
          throw new MicaError('not-supported', '--json is for two images', {
            hint: 'give two images: mica diff --json A B',
          });
        return containerDiff(engine, name);
      }),
    );
}

const newline = Buffer.from('\n');

async function containerDiff(engine: Engine, name: string): Promise<void> {
  const terminal = isTerminal(1);
  const lines = (await engine.diff(name)).flatMap(({ kind, pathBytes }) => [
    Buffer.from(`${kind} /`),
    shownName(pathBytes, terminal),
    newline,
  ]);
  print(Buffer.concat(lines));
}

async function imageDiff(engine: Engine, a: string, b: string, json: boolean): Promise<void> {
  const out = new Output();
  for (const change of await engine.trees.diff(a, b)) {
    const { kind, path, differs, pathBytes } = change;
    if (json) await out.put(`${JSON.stringify({ kind, path, differs })}\n`);
    else await out.put(`${kind} /`, shownName(pathBytes, out.terminal), '\n');
  }
  await out.flush();
}
