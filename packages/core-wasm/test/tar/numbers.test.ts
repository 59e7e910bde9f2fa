import { describe, expect, it } from 'vitest';
import { end, header, scan } from '../support/tar.ts';

describe('numbers in a tar', () => {
  it('base-256: accept; negative size: reject', () => {
    const late = Buffer.from([0x80, 0, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0]);
    const early = Buffer.alloc(12, 0xff);
    const { table } = scan(
      Buffer.concat([header({ name: 'late', mtime: late }), header({ name: 'early', mtime: early }), end]),
    );
    expect([table.mtimeSec(table.find('late')), table.mtimeSec(table.find('early'))]).toEqual([0x10_0000_0000n, -1n]);
    expect(() => scan(Buffer.concat([header({ size: early }), end]))).toThrow(/negative/);
  });

  it('device major/minor <0 or >2³²−1: reject', () => {
    const negative = Buffer.alloc(8, 0xff);
    const large = Buffer.from([0x80, 0, 0, 1, 0, 0, 0, 0]);
    for (const major of [negative, large])
      expect(() => scan(Buffer.concat([header({ type: '3', major }), end]))).toThrow(/device/);
  });
});
