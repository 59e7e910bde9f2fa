import type { BlameRow } from '@mica/engine';
import type { Command } from 'commander';
import { shortId } from '../format.ts';
import { imagePath, Output, shownName, shownText } from '../image-path.ts';
import { withEngine } from '../session.ts';

export function define(command: Command): void {
  command
    .description("Shows for every path which layer brought it as it is, with that commit's author, date and message.")
    .argument('<image[:path]>', 'an image, and an absolute path in it')
    .option('--json', 'JSON lines')
    .addHelpText('after', '\nExample:\n  mica blame web:1.1:/etc')
    .action((target: string, options: { json?: boolean }, command: Command) =>
      withEngine(command, async (engine) => {
        const { image, path } = imagePath(target);
        const rows = await engine.trees.blame(image, path);
        const out = new Output();
        const by = (row: BlameRow) =>
          shownText(row.author || row.message || row.createdBy || '-', out.terminal).slice(0, 24);
        const layers = [...new Map(rows.map((row) => [row.layer, row])).values()];
        const width = Math.max(0, ...layers.map((row) => by(row).length));
        const number = Math.max(0, ...layers.map((row) => String(row.layer).length));
        for (const row of rows) {
          if (options.json) {
            const { pathBytes: _, ...plain } = row;
            await out.put(`${JSON.stringify(plain)}\n`);
            continue;
          }
          const layer = `${String(row.layer).padStart(number)} ${shortId(row.diffId)}`;
          const date = row.created.slice(0, 10).padEnd(10);
          await out.put(`${layer} (${by(row).padEnd(width)} ${date}) /`, shownName(row.pathBytes, out.terminal), '\n');
        }
        await out.flush();
      }),
    );
}
