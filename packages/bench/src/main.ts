import { join } from 'node:path';
import { bench } from './bench.ts';
import { addSystemFolders } from './measure/tools.ts';
import { type Options, parseOptions, usage } from './options.ts';
import { markdown } from './report/markdown.ts';
import { appendHistory, resultsFolder, writeWhole } from './results.ts';

addSystemFolders();
process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  let options: Options | 'help';
  try {
    options = parseOptions(args);
  } catch (error) {
    process.stderr.write(`bench: ${(error as Error).message}\n\n${usage}\n`);
    return 2;
  }
  if (options === 'help') {
    process.stdout.write(`${usage}\n`);
    return 0;
  }
  if (options.check) throw new Error('--check is not there yet');
  const results = await bench(options, (text) => process.stderr.write(`· ${text}\n`));
  const table = markdown(results);
  writeWhole(join(resultsFolder, 'latest.json'), `${JSON.stringify(results, null, 2)}\n`);
  writeWhole(join(resultsFolder, 'latest.md'), table);
  if (options.record) appendHistory(results);
  process.stdout.write(`${table}\nresults: packages/bench/results/latest.{json,md}\n`);
  return 0;
}
