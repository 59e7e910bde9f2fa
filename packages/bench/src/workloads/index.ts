import { tiny } from './w1-tiny.ts';
import { small } from './w2-small-files.ts';
import { big } from './w3-big-files.ts';
import { start } from './w7-start.ts';
import { stack } from './w9-stack.ts';
import type { Workload } from './workload.ts';

export const workloads: readonly Workload[] = [tiny, small, big, start, stack];
