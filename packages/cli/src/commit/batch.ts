import {
  type BatchCommitOptions,
  type BatchCommitResult,
  type CommitSelection,
  type Engine,
  MicaError,
} from '@mica/engine';
import { readSmallFile } from '../flags/small-file.ts';
import { humanSize, shortId, table } from '../format.ts';
import { interruptible } from '../interrupt.ts';
import { byteProgress } from '../progress.ts';
import { harmless } from '../report.ts';
import { print, tell } from '../standard-output.ts';

/** One name a line; empty lines and `#` comments are left out. `-` is standard input. */
export function namesFrom(file: string): string[] {
  let text: string;
  try {
    text = readSmallFile(file === '-' ? 0 : file).toString();
  } catch (error) {
    throw new MicaError('no-such-path', `cannot read ${file}: ${(error as Error).message}`, {
      subject: file,
      cause: error,
      hint: 'a file with the name of a container in each line, or - for standard input',
    });
  }
  return text
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter(Boolean);
}

/**
 * Commits many, prints a table (or a JSON line each as it ends), and sets the exit code: 1 if any failed, 130 if
 * interrupted. Where there were none nothing failed, but whoever meant some would not know: `none` says so.
 */
export async function commitBatch(
  engine: Engine,
  what: CommitSelection,
  options: BatchCommitOptions,
  output: { readonly json: boolean; readonly none: string },
): Promise<void> {
  using interrupt = interruptible({ freezes: true });
  using progress = byteProgress('committing', output.json);
  const rows: BatchCommitResult[] = [];
  let failed = 0;
  let any = false;
  const task = { ...options, signal: interrupt.signal, onProgress: progress.show };
  for await (const one of engine.commitMany(what, task)) {
    if ('error' in one) failed++;
    if (output.json) tell(`${JSON.stringify(asJson(one))}\n`);
    else rows.push(one);
    any = true;
  }
  progress.clear();
  if (!output.json && rows.length > 0)
    print(
      table(['CONTAINER', 'IMAGE ID', 'TAG', 'LAYER', 'TIME', 'STATUS'], rows.sort((a, b) => a.n - b.n).map(cells)),
    );
  process.stderr.write(any ? failures(rows) : `mica: ${output.none}\n`);
  if (interrupt.signal.aborted) process.exitCode = interrupt.exitCode();
  else if (failed > 0) process.exitCode = 1;
}

/** A line for each that failed; what to do about it once for those that it is the same for. */
function failures(rows: readonly BatchCommitResult[]): string {
  const lines = rows.flatMap((one) => {
    if (!('error' in one)) return [];
    const message = messageOf(one.error);
    const named = one.error instanceof MicaError && one.error.subject === one.name && message.includes(one.name);
    return { line: named ? message : `${one.name}: ${message}`, hint: hintOf(one.error) };
  });
  return lines
    .map(({ line, hint }, at) => {
      const told = hint && hint !== lines[at + 1]?.hint ? `  ${harmless(hint)}\n` : '';
      return `mica: ${harmless(line)}\n${told}`;
    })
    .join('');
}

function cells(one: BatchCommitResult): string[] {
  const time = `${Math.round(one.milliseconds)} ms`;
  const name = harmless(one.name).replace(/[\t\n]/g, ' ');
  if ('error' in one) return [name, '', '', '', time, isAbort(one.error) ? 'interrupted' : 'failed'];
  const { imageId, references, layer } = one.result;
  const size = layer ? humanSize(layer.size) : '0B';
  return [name, shortId(imageId), references[0] ?? '<none>', size, time, layer ? 'committed' : 'unchanged'];
}

function asJson(one: BatchCommitResult): object {
  const { name, id, milliseconds } = one;
  const about = { container: name, containerId: id, milliseconds: Math.round(milliseconds * 10) / 10 };
  if ('result' in one) {
    const { imageId, references, layer, frozenMs } = one.result;
    return { ...about, status: 'committed', imageId, references, layer, frozenMs: Math.round(frozenMs * 10) / 10 };
  }
  const code = one.error instanceof MicaError ? one.error.code : isAbort(one.error) ? 'aborted' : 'system-call';
  const hint = hintOf(one.error);
  return { ...about, status: 'failed', code, error: messageOf(one.error), ...(hint ? { hint } : {}) };
}

function isAbort(error: unknown): boolean {
  return (error as Error | undefined)?.name === 'AbortError';
}
function hintOf(error: unknown): string | undefined {
  return error instanceof MicaError ? error.hint : undefined;
}
function messageOf(error: unknown): string {
  if (isAbort(error)) return 'interrupted, nothing was kept';
  return error instanceof Error ? error.message : String(error);
}
