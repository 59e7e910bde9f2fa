import { closeSync, openSync, readSync } from 'node:fs';
import { expect, it, vi } from 'vitest';
import { freshBytes } from '../../src/commit/layer-hash.ts';
import { makePagesBeside } from '../../src/system/huge-pages.ts';
import { addressOf } from '../../src/system/library.ts';

const PAGE = 4096;

/** The share of the pages of `bytes` that are in memory: of each the kernel tells by a bit (proc_pid_pagemap(5)). */
function present(bytes: Uint8Array): number {
  const from = Math.ceil(addressOf(bytes) / PAGE);
  const count = Math.floor(bytes.length / PAGE);
  const told = Buffer.alloc(count * 8);
  const fd = openSync('/proc/self/pagemap', 'r');
  try {
    expect(readSync(fd, told, 0, told.length, from * 8)).toBe(told.length);
  } finally {
    closeSync(fd);
  }
  let made = 0;
  for (let page = 0; page < count; page++) made += (told[page * 8 + 7] as number) >> 7;
  return made / count;
}

it('pages are made in another thread, and nothing is written to them', async () => {
  const bytes = freshBytes(64 << 20); // more than the C library has left over
  expect(present(bytes)).toBeLessThan(0.1);
  makePagesBeside(bytes);
  await vi.waitFor(() => expect(present(bytes)).toBe(1), { timeout: 10_000 });
  expect(bytes.every((byte) => byte === 0)).toBe(true);
});
