import { mkdtempSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolders } from '@mica/engine';
import { bench } from './bench.ts';
import { type CheckOptions, check } from './check/check.ts';
import { addSystemFolders } from './measure/tools.ts';
import { checkedNames, type Options, parseOptions, usage } from './options.ts';
import { html } from './report/html.ts';
import { markdown } from './report/markdown.ts';
import { appendHistory, historyEntry, readHistory, withEntry, writeWhole } from './results.ts';

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
  try {
    return await measure(options);
  } catch (error) {
    const { message, stack } = error as Error;
    process.stderr.write(`bench: ${process.env.MICA_DEBUG ? stack : message}\n`);
    return 1;
  }
}

async function measure(options: Options): Promise<number> {
  if (options.check) return (await check(checked(options), (line) => process.stdout.write(`${line}\n`))) ? 0 : 1;
  // Else minutes of measuring would be for nothing.
  makeFolders(options.out, 0o777);
  rmdirSync(mkdtempSync(join(options.out, '.probe-'))); // root may write to /proc, as access(2) has it
  const results = await bench(options, (text) => process.stderr.write(`· ${text}\n`));
  if (options.record) appendHistory(results);
  const text = markdown(results);
  const history = withEntry(readHistory(), historyEntry(results));
  writeWhole(join(options.out, 'latest.json'), `${JSON.stringify(results, null, 2)}\n`);
  writeWhole(join(options.out, 'latest.md'), text);
  writeWhole(join(options.out, 'report.html'), html(results, history));
  process.stdout.write(`${text}\n${join(options.out, 'report.html')}\n`);
  return 0;
}

function checked({ baseline, record, folder, only, rounds, strict }: Options): CheckOptions {
  const wanted = checkedNames.filter((name) => only === null || only.has(name));
  return { baseline, record, folder, only: wanted, rounds: rounds ?? 7, strict };
}
