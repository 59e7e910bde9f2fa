import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { CommandFailed, output } from './process.ts';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly kernel: string;
  readonly filesystem: string;
  readonly node: string;
  /** Of what makes figures comparable: runs on machines of one kind share it. */
  readonly kind: string;
}

export function describeMachine(workFolder: string): Machine {
  const cpu = cpus()[0]?.model.trim() ?? 'unknown';
  const flags = /^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1]?.trim() ?? '';
  const cores = cpus().length;
  const node = process.versions.node;
  const major = node.split('.')[0];
  return {
    cpu,
    cores,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    filesystem: quietly(() => output(['stat', '-f', '-c', '%T', workFolder])) ?? 'unknown',
    node,
    kind: createHash('sha256').update(`${cpu}\n${flags}\n${cores}\n${major}`).digest('hex').slice(0, 12),
  };
}

/** The commit that is measured, with a plus when the checkout holds more than it. */
export function describeCommit(root: string): { hash: string; subject: string; date: string } {
  const git = (...args: string[]) => quietly(() => output(['git', '-C', root, ...args])) ?? '';
  const dirty = git('status', '--porcelain', '--untracked-files=no') !== '';
  return {
    hash: (git('rev-parse', '--short=10', 'HEAD') || 'unknown') + (dirty ? '+' : ''),
    subject: git('log', '-1', '--format=%s'),
    date: git('log', '-1', '--format=%cI'),
  };
}

function quietly(read: () => string): string | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof CommandFailed) return null;
    throw error;
  }
}
