import { Command, CommanderError } from 'commander';
import { commitCommands } from './commands/commit.ts';
import { containerCommands } from './commands/containers.ts';
import { imageCommands } from './commands/images.ts';
import { runCommands } from './commands/run.ts';
import { report } from './session.ts';

const version = '0.1.0';

export async function main(argv: readonly string[]): Promise<void> {
  const program = new Command('mica')
    .description('git for containers: run, change, look, commit')
    .version(`mica version ${version}`, '-v, --version', 'show the version')
    .option('--root <dir>', 'the store (MICA_ROOT)')
    .option('--runtime <name>', 'crun, runc or a path (MICA_RUNTIME)', process.env.MICA_RUNTIME ?? 'auto')
    .enablePositionalOptions()
    .exitOverride();
  runCommands(program);
  containerCommands(program);
  commitCommands(program);
  imageCommands(program);
  for (const command of program.commands) command.exitOverride();
  // A reader that went away (mica ps | head -1) is no failure of ours.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  try {
    await program.parseAsync(argv);
  } catch (error) {
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 125;
    else {
      const code = report(error);
      // docker's: what run or create could not do itself is 125, so that 1 can be the container's own.
      process.exitCode = code === 1 && /^(run|create)$/.test(program.args[0] ?? '') ? 125 : code;
    }
  }
}
