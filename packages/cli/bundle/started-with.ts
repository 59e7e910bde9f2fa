import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';

/** When those processes began, in milliseconds since 1970, that have a path with this end among their arguments. */
export function startedWith(end: string): number[] {
  const boot = Number(/^btime (\d+)$/m.exec(readFileSync('/proc/stat', 'utf8'))?.[1] ?? 0);
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const [program = '', ...args] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
        // conmon has it for when its container ends, and what it starts then begins with the current build.
        if (basename(program) === 'conmon' || !args.some((arg) => arg.endsWith(`/${end}`) || arg === end)) return [];
        // proc_pid_stat(5), field 22; the name in field 2 may hold anything but is the last to end in a parenthesis.
        const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
        const ticks = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
        return [(boot + ticks / 100) * 1000];
      } catch {
        return []; // ended meanwhile
      }
    });
}
