import { fileURLToPath } from 'node:url';
import { run } from '../measure/process.ts';
import type { KernelMeasure } from './measures.ts';

const script = fileURLToPath(new URL('./run.ts', import.meta.url));

export type KernelSet = 'sha256' | 'scan' | 'merge' | 'stack';

/** A set of kernel measures in a fresh process. */
export function measureKernels(set: KernelSet, rounds: number): KernelMeasure[] {
  const argv = [process.execPath, '--max-old-space-size=6144', script, set, String(rounds)];
  return JSON.parse(run({ argv })) as KernelMeasure[];
}
