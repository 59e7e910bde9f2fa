import { cpuPercent, type Usage } from '@mica/engine';
import { humanSize, shortId } from '../format.ts';
import type { List, Row } from '../list.ts';

export interface StatsRow extends Row {
  readonly Container: string;
  readonly ID: string;
  readonly Name: string;
  readonly CPUPerc: string;
  readonly MemUsage: string;
  readonly MemPerc: string;
  readonly NetIO: string;
  readonly BlockIO: string;
  readonly PIDs: string;
}

export const statsList: List<StatsRow> = {
  type: 'container.statsContext',
  headers: {
    Container: 'CONTAINER',
    ID: 'CONTAINER ID',
    Name: 'NAME',
    CPUPerc: 'CPU %',
    MemUsage: 'MEM USAGE / LIMIT',
    MemPerc: 'MEM %',
    NetIO: 'NET I/O',
    BlockIO: 'BLOCK I/O',
    PIDs: 'PIDS',
  },
  columns: ['ID', 'Name', 'CPUPerc', 'MemUsage', 'MemPerc', 'NetIO', 'BlockIO', 'PIDs'],
};

/** One that does not run has used nothing of nothing, as in docker. */
export function statsRow(
  name: string,
  id: string,
  now: Usage | null,
  before: Usage | undefined,
  whole: boolean,
): StatsRow {
  const shown = { Container: name, ID: whole ? id : shortId(id), Name: name };
  if (now === null)
    return {
      ...shown,
      CPUPerc: '0.00%',
      MemUsage: '0B / 0B',
      MemPerc: '0.00%',
      NetIO: '0B / 0B',
      BlockIO: '0B / 0B',
      PIDs: '0',
    };
  return {
    ...shown,
    CPUPerc: `${cpuPercent(before, now).toFixed(2)}%`,
    MemUsage: `${binarySize(now.memory)} / ${binarySize(now.memoryLimit)}`,
    MemPerc: `${((now.memory / now.memoryLimit) * 100).toFixed(2)}%`,
    NetIO: `${humanSize(now.received)} / ${humanSize(now.sent)}`,
    BlockIO: `${humanSize(now.blockRead)} / ${humanSize(now.blockWritten)}`,
    PIDs: String(now.pids),
  };
}

/** docker's units.BytesSize: powers of 1,024, four significant digits. */
function binarySize(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  let value = bytes;
  let unit = 0;
  for (; value >= 1024 && unit < units.length - 1; unit++) value /= 1024;
  return `${Number(value.toPrecision(4))}${units[unit]}`;
}
