import { MicaError } from '../error.ts';
import { processesOf } from '../runtime/cgroup.ts';
import { requireProgram } from '../runtime/oci-runtime.ts';
import { runProgram } from '../system/spawn.ts';
import type { ContainerContext, Row } from './context.ts';
import { groupOf, startFirst } from './pause.ts';
import { reconcile } from './state.ts';

export interface ProcessTable {
  readonly titles: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** The container's processes as the machine's own ps(1) shows them: `-ef`, or the options given. */
export function topContainer(context: ContainerContext, row: Row, options: readonly string[]): ProcessTable {
  const state = reconcile(context, row);
  if (state.status !== 'running')
    throw new MicaError('not-running', `Container ${row.id} is not running`, startFirst(row.name));
  const pids = new Set(processesOf(groupOf(row.id, state)).map(String));
  const args = options.length > 0 ? options : ['-ef'];
  const done = runProgram(requireProgram('ps', 'procps'), args);
  if (done.status !== 0)
    throw new MicaError('invalid-argument', `ps: ${done.stderr.trim().split('\n')[0]}`, {
      subject: args.join(' '),
      hint: 'what comes behind the name is for ps(1) of the host: aux, -o pid,comm',
    });
  const [header = '', ...lines] = done.stdout.trimEnd().split('\n');
  const titles = header.trim().split(/\s+/);
  const column = titles.indexOf('PID');
  if (column < 0)
    throw new MicaError('invalid-argument', "Couldn't find PID field in ps output", {
      hint: 'let ps show the column PID',
    });
  // The last column may hold blanks.
  const cells = (line: string) => {
    const words = line.trim().split(/\s+/);
    return [...words.slice(0, titles.length - 1), words.slice(titles.length - 1).join(' ')];
  };
  return { titles, rows: lines.map(cells).filter((words) => pids.has(words[column] ?? '')) };
}
