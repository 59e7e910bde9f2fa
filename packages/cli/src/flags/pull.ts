import { Option } from 'commander';
import { type FlagGroup, many } from './flag-group.ts';

export interface PullFlags {
  readonly pull: 'always' | 'missing' | 'never';
  readonly platform?: string;
  readonly quiet?: boolean;
  readonly insecure: readonly string[];
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
      .option('-q, --quiet', 'say nothing of the pull')
      .option(
        '--insecure <host[:port]>',
        'its registry may have no TLS, or a certificate nobody vouches for',
        many,
        [] as string[],
      );
  },
  read: () => ({}),
};
