import { measureKernels } from '../kernels/child.ts';
import type { Workload } from './workload.ts';

/** Kernel against twin: no engine has these as commands of their own. */
export const stack: Workload = {
  name: 'W9',
  title: 'union of 100 layers, diff of two trees of a million',
  needs: [],
  async measure(bench) {
    return measureKernels('stack', bench.rounds(3, 7)).map((one) => ({ workload: 'W9', ...one }));
  },
};
