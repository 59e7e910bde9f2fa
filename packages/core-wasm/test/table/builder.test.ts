import { expect, it } from 'vitest';
import { Core, Kind } from '../../src/index.ts';

const core = new Core();

/** Names as long as one another, so in the table's order; the last ones first where `backwards`. */
function built(count: number, length: number, backwards: boolean): void {
  const name = (at: number) => `${'x'.repeat(length)}/${String(at).padStart(6, '0')}`;
  const builder = core.tableBuilder();
  builder.add(Kind.dir, Buffer.from('x'.repeat(length)), 0o755, 0, 0, 0n, 0);
  for (let at = 0; at < count; at++) {
    const number = backwards ? count - 1 - at : at;
    builder.add(Kind.file, Buffer.from(name(number)), 0o644, number, 0, 0n, number);
    builder.identity(1n, BigInt(number), 2n);
  }
  const table = builder.finish();
  expect(table.count).toBe(count + 1);
  for (let at = 0; at < count; at++)
    if (table.path(at + 1) !== name(at) || table.size(at + 1) !== at || Number(table.ino(at + 1)) !== at)
      throw new Error(`entry ${at} is ${table.path(at + 1)}, ${table.size(at + 1)} bytes, inode ${table.ino(at + 1)}`);
}

it('records and paths stay what they are where either has outgrown its room', () => {
  for (const backwards of [false, true]) {
    for (const count of [1023, 1024, 1025, 16_383, 16_384, 40_000]) built(count, 8, backwards);
    // Paths that fill their 64 KiB, and their 1 MiB, before the records fill theirs.
    for (const [count, length] of [
      [900, 100],
      [1030, 1200],
      [17_000, 200],
    ] as const)
      built(count, length, backwards);
  }
});

it('what is told of an entry besides its record is read as it comes, however many there are', () => {
  const devices = core.tableBuilder();
  const count = 17_000;
  for (let at = 0; at < count; at++) {
    devices.add(Kind.char, Buffer.from(String(at).padStart(6, '0')), 0o600, 0, 0, 0n, 0);
    devices.device(at, at + 1);
  }
  const packer = core.packer(devices.finish());
  const scanner = core.scanTar();
  const odd: number[] = [];
  const sink = {
    entry: (i: number) => {
      if (scanner.entries.devMajor(i) !== i || scanner.entries.devMinor(i) !== i + 1) odd.push(i);
    },
    data: () => {},
    done: () => {},
  };
  for (let at = 0; at < count; at++) scanner.push(packer.header(at).slice(), sink);
  expect(scanner.count).toBe(count);
  expect(odd).toEqual([]);
});
