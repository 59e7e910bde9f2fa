// Runs in a process of its own, so that a million objects of one measure are not the next one's garbage.
import { hashing, type KernelMeasure, merging, scanning } from './measures.ts';

const [which = '', rounds = '5'] = process.argv.slice(2);
const measures = await measure(which, Number(rounds));
process.stdout.write(JSON.stringify(measures));

async function measure(which: string, rounds: number): Promise<KernelMeasure[]> {
  switch (which) {
    case 'sha256':
      return [await hashing(rounds)];
    case 'scan':
      return [scanning(rounds)];
    case 'merge':
      return merging({ layers: 20, entries: 2_000 }, rounds);
    case 'stack':
      return merging({ layers: 100, entries: 10_000 }, rounds, 1);
    default:
      throw new Error(`no kernel measure is called ${which}`);
  }
}
