import { availableParallelism, loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describeCommit, describeMachine } from '../measure/machine.ts';
import { Session } from '../session.ts';
import { type BaselineRatio, readBaseline, writeBaseline } from './baseline.ts';
import { crowdedAt, type Judged, judgeMeasure, ratioOf, type Taken, tolerance } from './judge.ts';
import { type Watched, watchedCommands, watchedKernels, watchedPs } from './measures.ts';

export interface CheckOptions {
  readonly baseline: string;
  readonly record: boolean;
  readonly folder: string | null;
  readonly only: readonly ('kernels' | 'commands' | 'ps')[];
  readonly rounds: number;
  /** Judge on a busy machine too. */
  readonly strict: boolean;
}

const root = fileURLToPath(new URL('../../../..', import.meta.url));
/** How often a measure that looks slower is taken again, its runs added to those it has. */
const again = 4;
/** How often if it waits between two looks: a host's mood may last for a minute, and then five looks are in it. */
const againAfterPause = 12;
/** No more retries after this long: CI waits for it. */
const patienceMs = 300_000;

/**
 * Compares each watched ratio with the recorded one. What looks slower is measured again, a few
 * times: a hiccup passes, a slower program stays slower. True if nothing dropped.
 */
export async function check(options: CheckOptions, say: (line: string) => void): Promise<boolean> {
  if (options.record && !options.strict && loadOfMachine() > crowdedAt) {
    say('NOT RECORDED: this machine is busy, and later runs would be held to its noise. Wait, or --strict.');
    return false;
  }
  const session = await Session.open(options.folder, []);
  try {
    const wanted = (name: CheckOptions['only'][number]) => options.only.includes(name);
    const watched = [
      ...(wanted('commands') ? watchedCommands(session.mica, session.folder) : []),
      ...(wanted('ps') && !wanted('commands') ? [watchedPs(session.mica)] : []),
      ...(wanted('kernels') ? watchedKernels() : []),
    ];
    const { kind, cpu } = describeMachine(session.folder);
    const recorded = readBaseline(options.baseline)?.kinds[kind] ?? {};
    const judged: Judged[] = [];
    if (options.record) {
      const ratios: Record<string, BaselineRatio> = {};
      for (const one of watched) {
        const ratio = await record(one, options.rounds);
        ratios[one.name] = ratio;
        say(`recorded ${one.name}: ${ratio.ratio.toFixed(3)}`);
      }
      writeBaseline(options.baseline, describeCommit(root).hash, kind, ratios);
      return true;
    }
    const until = Date.now() + patienceMs;
    for (const one of watched) {
      const result = await settleOn(one, options, recorded[one.name], until);
      judged.push(result);
      say(`${sign(result)} ${one.name}: ${result.text}`);
    }
    const unknown = judged.filter(({ verdict }) => verdict === 'unknown').length;
    if (unknown > 0)
      say(
        `${unknown} measures have nothing recorded on this kind of machine (${cpu}): npm run bench -- --check --record`,
      );
    const slower = judged.filter(({ verdict }) => verdict === 'slower');
    for (const { name, text } of slower) say(`FAILED: ${name}: ${text} (allowed: ${tolerance * 100} % lower)`);
    if (slower.length > 0)
      say('If that is meant, record it in the commit that means it: npm run bench -- --check --record');
    return slower.length === 0;
  } finally {
    session.close();
  }
}

async function settleOn(
  one: Watched,
  { rounds, strict }: CheckOptions,
  recorded: BaselineRatio | undefined,
  until: number,
): Promise<Judged> {
  let taken: Taken = { ours: [], reference: [] };
  for (let attempt = 0; ; attempt++) {
    const more = await one.take(rounds);
    taken = { ...more, ours: [...taken.ours, ...more.ours], reference: [...taken.reference, ...more.reference] };
    const result = judgeMeasure(one.name, taken, recorded, strict ? null : loadOfMachine());
    if (result.verdict === 'ok' || result.verdict === 'unknown') return result;
    if (attempt >= (one.pauseMs ? againAfterPause : again) || Date.now() > until) return result;
    await sleep(one.pauseMs ?? 0);
  }
}

/** Three times over; the worst of the three is what later runs are held to, so that no lucky one is. */
async function record(one: Watched, rounds: number): Promise<BaselineRatio> {
  const all: BaselineRatio[] = [];
  for (let time = 0; time < 3; time++) all.push(ratioOf(await one.take(rounds)));
  return all.reduce((worst, next) => (next.ratio > worst.ratio ? next : worst));
}

/** Processes that want to run, for each processor; the last minute's. */
function loadOfMachine(): number {
  return (loadavg()[0] ?? 0) / availableParallelism();
}

function sign({ verdict }: Judged): string {
  return { ok: '✓', slower: '✗', busy: '?', unknown: '·' }[verdict];
}
