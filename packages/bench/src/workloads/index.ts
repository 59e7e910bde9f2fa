import { tiny } from './w1-tiny.ts';
import { small } from './w2-small-files.ts';
import { big } from './w3-big-files.ts';
import { batch } from './w4-batch.ts';
import { again } from './w5-again.ts';
import { scale } from './w6-scale.ts';
import { start } from './w7-start.ts';
import { transfer } from './w8-transfer.ts';
import { stack } from './w9-stack.ts';
import type { Workload } from './workload.ts';

export const workloads: readonly Workload[] = [tiny, small, big, batch, again, scale, start, transfer, stack];
