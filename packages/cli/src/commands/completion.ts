import { MicaError } from '@mica/engine';
import type { Command } from 'commander';
import { scripts } from '../completion/scripts.ts';
import { print } from '../standard-output.ts';

export function define(command: Command): void {
  command
    .description('Prints a script that completes verbs, flags, containers and images in a shell.')
    .argument('<shell>', Object.keys(scripts).join(', '))
    .addHelpText(
      'after',
      '\nExamples:\n  source <(mica completion bash)\n  mica completion bash > /etc/bash_completion.d/mica\n  mica completion fish | source',
    )
    .action((shell: string) => {
      const script = Object.hasOwn(scripts, shell) ? scripts[shell] : undefined;
      if (script === undefined)
        throw new MicaError('invalid-argument', `no completion for ${shell}`, {
          subject: shell,
          hint: `there is one for ${Object.keys(scripts).join(', ')}`,
        });
      print(script);
    });
}
