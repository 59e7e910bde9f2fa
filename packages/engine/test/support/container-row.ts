import type { ContainerState } from '../../src/container/record.ts';
import type { Digest } from '../../src/reference/digest.ts';
import type { ContainerRow } from '../../src/store/container-records.ts';

/** A container as a store keeps it, whose image is not there: ended a moment ago, but for what `record` says. */
export function containerRow(id: string, record: Partial<ContainerState>): ContainerRow<ContainerState> {
  const now = new Date().toISOString();
  const ended = { status: 'exited', pid: null, pidStart: null, startedAt: now, finishedAt: now, exitCode: 0 } as const;
  return {
    id,
    name: `c-${id.slice(0, 4)}`,
    image: `sha256:${'0'.repeat(64)}` as Digest,
    created: now,
    record: { mounts: [], options: { image: 'x' }, command: ['true'], ...ended, ...record },
  };
}
