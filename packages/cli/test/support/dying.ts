import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The environment of a command that kill -9 ends at an exact moment: right before, or after, its first call of this
 * function of node:fs with a path that contains `part`. `folder` takes the script that sees to it.
 */
export function dying(folder: string, when: 'before' | 'after', call: string, part: string): Record<string, string> {
  const hook = join(folder, 'dying.cjs');
  writeFileSync(
    hook,
    `const fs = require('node:fs');
const call = fs.${call};
fs.${call} = (...words) => {
  const isIt = words.some((word) => String(word).includes(${JSON.stringify(part)}));
  if (isIt && ${when === 'before'}) process.kill(process.pid, 'SIGKILL');
  const made = call(...words);
  if (isIt) process.kill(process.pid, 'SIGKILL');
  return made;
};
`,
  );
  return { NODE_OPTIONS: `--require=${hook}` };
}
