import { readFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { readGroup, unified } from '../runtime/cgroup.ts';
import type { ContainerContext, Row } from './context.ts';
import { groupOf } from './pause.ts';
import { reconcile } from './state.ts';

/** One look at what a container uses; bytes, and nanoseconds of processor time since its start. */
export interface Usage {
  readonly id: string;
  readonly name: string;
  readonly at: bigint; // monotonic nanoseconds
  readonly cpu: bigint;
  readonly memory: number;
  readonly memoryLimit: number;
  readonly received: number;
  readonly sent: number;
  readonly blockRead: number;
  readonly blockWritten: number;
  readonly pids: number;
}

/** null when it does not run. */
export function usageOf(context: ContainerContext, row: Row): Usage | null {
  const state = reconcile(context, row);
  if (state.status !== 'running' || state.pid === null) return null;
  const group = groupOf(row.id, state);
  const [received, sent] = network(state.pid);
  const [blockRead, blockWritten] = block(group);
  return {
    id: row.id,
    name: row.name,
    at: process.hrtime.bigint(),
    cpu: unified
      ? BigInt(field(readGroup(group, 'cpu', 'cpu.stat'), 'usage_usec')) * 1000n
      : BigInt(readGroup(group, 'cpuacct', 'cpuacct.usage') ?? 0),
    ...memory(group),
    received,
    sent,
    blockRead,
    blockWritten,
    pids: Number(readGroup(group, 'pids', 'pids.current') ?? 0),
  };
}

/** docker's: without the page cache that the kernel would give back first. */
function memory(group: string): { memory: number; memoryLimit: number } {
  const file = (v2: string, v1: string) => readGroup(group, 'memory', unified ? v2 : v1);
  const used = Number(file('memory.current', 'memory.usage_in_bytes') ?? 0);
  const cache = Number(field(file('memory.stat', 'memory.stat'), unified ? 'inactive_file' : 'total_inactive_file'));
  const limit = Number(file('memory.max', 'memory.limit_in_bytes'));
  const all = totalmem();
  return { memory: cache < used ? used - cache : used, memoryLimit: limit > 0 && limit < all ? limit : all };
}

function field(text: string | null, name: string): string {
  return new RegExp(`^${name} (\\d+)$`, 'm').exec(text ?? '')?.[1] ?? '0';
}

/** /proc/PID/net/dev: bytes received are the first number of an interface, bytes sent the ninth. */
function network(pid: number): [number, number] {
  const sums: [number, number] = [0, 0];
  let text = '';
  try {
    text = readFileSync(`/proc/${pid}/net/dev`, 'latin1');
  } catch {
    return sums; // just ended
  }
  for (const line of text.split('\n').slice(2)) {
    const [name = '', counts = ''] = line.split(':');
    if (counts === '' || name.trim() === 'lo') continue;
    const numbers = counts.trim().split(/\s+/).map(Number);
    sums[0] += numbers[0] ?? 0;
    sums[1] += numbers[8] ?? 0;
  }
  return sums;
}

function block(group: string): [number, number] {
  let read = 0;
  let written = 0;
  if (unified)
    for (const [, key, count] of (readGroup(group, 'io', 'io.stat') ?? '').matchAll(/\b([rw])bytes=(\d+)/g)) {
      if (key === 'r') read += Number(count);
      else written += Number(count);
    }
  else
    for (const [, kind, count] of (readGroup(group, 'io', 'blkio.throttle.io_service_bytes') ?? '').matchAll(
      / (Read|Write) (\d+)/g,
    )) {
      if (kind === 'Read') read += Number(count);
      else written += Number(count);
    }
  return [read, written];
}

/** Of one processor, between two looks: 100 for one that is busy all the time. */
export function cpuPercent(before: Usage | undefined, now: Usage): number {
  if (before === undefined || now.at <= before.at || now.cpu < before.cpu) return 0;
  return Math.min((Number(now.cpu - before.cpu) / Number(now.at - before.at)) * 100, cpus().length * 100);
}
