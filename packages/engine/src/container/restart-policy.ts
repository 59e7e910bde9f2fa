import type { RestartPolicy } from '../contract/run.ts';
import { MicaError } from '../error.ts';
import type { ContainerContext, Row } from './context.ts';
import type { ContainerState } from './record.ts';

/** docker's rules: it refuses what would be kept and never be looked at. @throws MicaError invalid-argument, worded as docker's */
export function checkRestart({ name, maximumRetries }: RestartPolicy): void {
  const refused = (why: string) =>
    new MicaError('invalid-argument', why, {
      subject: 'restart',
      hint: 'no, on-failure (with a number of tries, or 0), always or unless-stopped',
    });
  if (!['no', 'always', 'unless-stopped', 'on-failure'].includes(name))
    throw refused(`invalid restart policy '${name}'`);
  if (maximumRetries !== 0 && name !== 'on-failure')
    throw refused(`maximum retry count cannot be used with restart policy '${name}'`);
}

/**
 * What conmon runs at a container's end, in the background so that conmon itself can end: the networks are
 * given back, --rm and the restart policy honoured, whoever else is gone. A foreground command line does
 * the same itself; half a second lets it come first, and spares a launch.
 * TMPDIR is conmon's own (runtime/conmon.ts).
 */
export function exitCommand(context: ContainerContext, row: Row): string[] {
  const { options } = row.record;
  const network = options.network ?? 'bridge';
  const named = !['bridge', 'default', 'none', 'host'].includes(network) && !network.startsWith('container:');
  // Host ports, and a name on a user network: they would point at nothing until the next command.
  const held = (options.ports ?? []).length > 0 || options.publishAll === true || named;
  if (context.self.length === 0 || !(options.remove || restarts(row.record) || held)) return [];
  const wait = restarts(row.record) ? '' : `sleep 0.5; [ -d "$0" ] || exit 0;`;
  const command = [...context.self, '--root', context.store.root, 'ended', row.id];
  return [
    '/bin/sh',
    '-c',
    `unset TMPDIR; { ${wait} exec "$@"; } </dev/null >/dev/null 2>&1 &`,
    context.paths.bundle(row.id),
    ...command,
  ];
}

/** Its restart policy came by an update, after its start: conmon knows nothing of it. */
export function restartsUnseen(state: ContainerState): boolean {
  return state.endCommand === false && restarts(state);
}

function restarts({ options }: ContainerState): boolean {
  return (options.restart?.name ?? 'no') !== 'no';
}

/** Whether its policy starts it again after the end that `state` tells of. */
export function wantsRestart(state: ContainerState): boolean {
  const { name, maximumRetries } = state.options.restart ?? { name: 'no', maximumRetries: 0 };
  if (state.status !== 'exited' || state.stopRequested) return false;
  if (name === 'always' || name === 'unless-stopped') return true;
  if (name !== 'on-failure' || state.exitCode === 0) return false;
  return maximumRetries === 0 || (state.restartCount ?? 0) < maximumRetries;
}
