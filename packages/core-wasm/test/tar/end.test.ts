import { describe, expect, it } from 'vitest';
import { Core, KernelError } from '../../src/index.ts';
import { block, end, header, octal, paths, pax, record, scan } from '../support/tar.ts';

describe('the end of a tar', () => {
  it('missing/extra end blocks: accept', () => {
    const one = header({});
    for (const tail of [
      Buffer.alloc(0),
      Buffer.alloc(512),
      end,
      Buffer.alloc(10240),
      Buffer.concat([end, Buffer.alloc(5000, 'junk')]),
    ])
      expect(paths(scan(Buffer.concat([one, tail])).table)).toEqual(['f']);
  });

  it('20 GB tail junk: constant memory', () => {
    const scanner = new Core().scanTar();
    scanner.push(Buffer.concat([header({}), end]));
    const junk = new Uint8Array(1 << 20).fill(7);
    const before = process.memoryUsage().arrayBuffers;
    for (let i = 0; i < 20 * 1024; i++) scanner.push(junk);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 << 20);
    expect(scanner.count).toBe(1);
  });

  it('a cut anywhere within an entry is an error, never a shorter archive', () => {
    const tar = Buffer.concat([
      pax(record('path=a')),
      header({ size: octal(700) }),
      block(Buffer.alloc(700, 'x')),
      header({ name: 'b' }),
      end,
    ]);
    for (let cut = 1; cut < tar.length - end.length; cut++) {
      const part = tar.subarray(0, cut);
      // All of the data there, its padding or less: some writers leave it out.
      if (cut >= 2236 && cut <= 2560) expect(paths(scan(part).table)).toEqual(['a']);
      else expect(() => scan(part), String(cut)).toThrow(KernelError);
    }
  });
});
