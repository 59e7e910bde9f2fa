import { Option } from 'commander';
import type { FlagGroup } from './flag-group.ts';

export interface PullFlags {
  readonly pull: 'always' | 'missing' | 'never';
  readonly platform?: string;
  readonly quiet?: boolean;
}

/** Whether the image is brought first; read by the verbs themselves, not by the engine's create. */
export const pull: FlagGroup<PullFlags> = {
  add(command) {
    command
      .addOption(
        new Option('--pull <policy>', 'bring the image first: always, missing or never')
          .choices(['always', 'missing', 'never'])
          .default('missing'),
      )
      .option('--platform <os/arch[/variant]>', 'bring the image of this platform')
      .option('-q, --quiet', 'say nothing of the pull');
  },
  read: () => ({}),
};
