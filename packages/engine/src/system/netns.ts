import { closeSync, openSync } from 'node:fs';
import { call } from './library.ts';

const SETNS = 'int setns(int fd, int type)';
const CLONE_NEWNET = 0x40000000;

/**
 * Runs `work` with this thread inside the network namespace of process `pid`. Only this thread moves,
 * so `work` must not wait for anything: what it opens (a netlink socket) stays bound to that namespace.
 */
export function insideNetns<T>(pid: number, work: () => T): T {
  const own = openSync('/proc/thread-self/ns/net', 'r');
  try {
    const other = openSync(`/proc/${pid}/ns/net`, 'r');
    try {
      call(SETNS, 'setns', `/proc/${pid}/ns/net`, other, CLONE_NEWNET);
      try {
        return work();
      } finally {
        call(SETNS, 'setns', 'own network namespace', own, CLONE_NEWNET);
      }
    } finally {
      closeSync(other);
    }
  } finally {
    closeSync(own);
  }
}
