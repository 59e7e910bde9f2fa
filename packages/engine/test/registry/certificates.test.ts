import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { certificatesFor } from '../../src/registry/certificates.ts';

let root: string;
const host = 'registry.example:5000';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'mica-certificates-'));
  vi.stubEnv('MICA_CERTS_DIR', root);
  mkdirSync(join(root, host));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(root, { recursive: true, force: true });
});
const write = (name: string) => writeFileSync(join(root, host, name), name);

it('authorities, and the first pair of a client', () => {
  for (const name of ['a.crt', 'b.crt', 'one.cert', 'one.key', 'two.cert', 'two.key', 'README']) write(name);
  expect(certificatesFor(host)).toEqual({ ca: ['a.crt', 'b.crt'], cert: 'one.cert', key: 'one.key' });
  expect(certificatesFor('other.example')).toEqual({ ca: [] });
});

it('half a pair names the file that is missing', () => {
  write('one.cert');
  const hint = expect.stringContaining('ends in .crt');
  expect(() => certificatesFor(host)).toThrow(
    expect.objectContaining({
      code: 'no-such-path',
      message: expect.stringMatching(/example:5000: missing key one\.key for client certificate one\.cert$/),
      hint,
    }),
  );
  rmSync(join(root, host, 'one.cert'));
  write('two.key');
  expect(() => certificatesFor(host)).toThrow(/missing client certificate two\.cert for key two\.key$/);
});

it('a file that cannot be read is named', () => {
  mkdirSync(join(root, host, 'ca.crt'));
  expect(() => certificatesFor(host)).toThrow(/^read .*\/registry\.example:5000\/ca\.crt: /);
});
