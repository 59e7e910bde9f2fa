import { type Attachment, type Engine, MicaError } from '@mica/engine';
import type { Command } from 'commander';
import { parseDetachKeys } from '../detach-keys.ts';
import { refuseFlags } from '../flags/unsupported.ts';
import { failingWithOne } from '../report.ts';
import { forEach, withEngine } from '../session.ts';
import { connect, passOn, requireTerminal } from '../terminal.ts';

const checkpoints = 'commit it (mica commit): its files are kept, not its processes';

interface Flags {
  readonly attach?: boolean;
  readonly detachKeys?: string;
  readonly interactive?: boolean;
}

export function define(command: Command): void {
  refuseFlags(command, { '--checkpoint <name>': checkpoints, '--checkpoint-dir <dir>': checkpoints });
  command
    .argument('<container...>')
    .option('-a, --attach', 'with its output, and its exit code')
    .option('--detach-keys <keys>', 'what leaves it running: ctrl-p,ctrl-q')
    .option('-i, --interactive', 'with standard input too')
    .addHelpText('after', '\nExamples:\n  mica start web\n  mica start -ai box')
    .action((names: string[], options: Flags, command: Command) =>
      withEngine(command, async (engine) => {
        parseDetachKeys(options.detachKeys);
        if (!options.attach && !options.interactive) await forEach(engine, names, (name) => startQuietly(engine, name));
        else if (names.length === 1) await attached(engine, names[0] as string, options);
        else
          throw new MicaError('invalid-argument', 'you cannot start and attach multiple containers at once', {
            hint: 'start them without -a, then mica attach or mica logs -f one',
          });
      }),
    );
}

/** docker's: one that runs already is fine. */
async function startQuietly(engine: Engine, name: string): Promise<void> {
  try {
    await engine.containers.start(name);
  } catch (error) {
    if (!runsAlready(error)) throw error;
  }
}

/** docker's: one that runs already is joined, which systemd units with `start -a` count on. */
async function startOrJoin(engine: Engine, id: string): Promise<Attachment> {
  try {
    return await engine.containers.startAttached(id);
  } catch (error) {
    if (!runsAlready(error)) throw error;
    return engine.containers.attach(id);
  }
}

const runsAlready = (error: unknown) => error instanceof MicaError && error.code === 'already-running';

async function attached(engine: Engine, name: string, options: Flags): Promise<void> {
  const { id, remove } = engine.containers.summary(name);
  const { tty, openStdin } = engine.containers.streams(id);
  const stdin = (options.interactive ?? false) && openStdin;
  requireTerminal({ tty, interactive: stdin });
  const code = await connect(await failingWithOne(() => startOrJoin(engine, id)), {
    stdin,
    tty,
    ...(options.detachKeys ? { detachKeys: options.detachKeys } : {}),
    onSignal: passOn(engine, id),
  });
  if (code === null) return;
  process.exitCode = code;
  if (remove && engine.containers.list(true).some((row) => row.id === id))
    await engine.containers.remove(id, false, true);
}
