import type { Command } from 'commander';
import { imageFile, Output } from '../image-path.ts';
import { withEngine } from '../session.ts';

export function define(command: Command): void {
  command
    .description("Prints files of images, each read straight out of its layer's blob. Symlinks lead within the image.")
    .argument('<image:path...>', 'an image and the absolute path of a file in it')
    .addHelpText('after', '\nExample:\n  mica cat base:1.0:/etc/os-release')
    .action((targets: string[], _options: object, command: Command) =>
      withEngine(command, async (engine) => {
        const files = targets.map(imageFile);
        const out = new Output();
        for (const { image, path } of files)
          for await (const bytes of engine.trees.read(image, path)) {
            await out.put(bytes);
            await out.flush();
          }
      }),
    );
}
