import { closeSync, writeSync } from 'node:fs';
import { expect, it } from 'vitest';
import { native } from '../../src/system/library.ts';
import { receive } from '../../src/system/seqpacket.ts';

const AF_UNIX = 1;
const SOCK_SEQPACKET = 5;

it('what the other side sent is all there, also where it was closed before it read ours', () => {
  const pair = new Int32Array(2);
  expect(
    native('int socketpair(int domain, int type, int protocol, int *pair)')(AF_UNIX, SOCK_SEQPACKET, 0, pair),
  ).toBe(0);
  const [ours, theirs] = [...pair] as [number, number];
  const buffer = Buffer.alloc(16);
  const packet = () => {
    const length = receive(ours, buffer);
    return length === null ? null : buffer.toString('latin1', 0, length);
  };
  try {
    expect(packet()).toBeNull();
    writeSync(ours, 'never read');
    for (const text of ['first', 'second']) writeSync(theirs, text);
    closeSync(theirs);
    expect([packet(), packet(), packet()]).toEqual(['first', 'second', '']);
  } finally {
    closeSync(ours);
  }
});
