import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { BlobIntake } from '../../src/layer/intake.ts';
import { LayerReader } from '../../src/layer/layer-reader.ts';
import { Store } from '../../src/store/store.ts';

it.each(['', 'a', 'abc', 'abcd'])(
  'a blob of a few bytes (%j) is an empty layer only where there are none',
  async (text) => {
    const reader = new LayerReader();
    for (const byte of Buffer.from(text)) await reader.push(Buffer.from([byte]));
    const layer = await reader.end();
    if (text === '') expect(layer).toMatchObject({ tarSize: 0, entries: 0 });
    else expect(layer).toMatchObject({ code: 'invalid-layer', message: 'the archive is cut off' });
  },
);

it.each([
  ['xz', 'fd377a585a000004'],
  ['bzip2', '425a683931415926'],
])('a layer as %s is told by that name, whole or in a few bytes', async (program, hex) => {
  const error = { code: 'not-supported', message: `it is compressed with ${program}, which is not supported` };
  const reader = new LayerReader();
  for (let pushed = 0; pushed < 3; pushed++) await reader.push(Buffer.from(hex, 'hex'));
  expect(await reader.end()).toMatchObject(error);
  const dir = mkdtempSync(join(tmpdir(), 'mica-intake-'));
  using _ = { [Symbol.dispose]: () => rmSync(dir, { recursive: true }) };
  using store = Store.open(dir);
  const intake = new BlobIntake(store, 'application/octet-stream');
  await intake.write(Buffer.from(hex, 'hex'));
  expect((await intake.finish()).layer).toMatchObject(error);
});

it('a blob without a byte is an empty layer, as a registry sends it or an archive has it', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'mica-intake-'));
  using _ = { [Symbol.dispose]: () => rmSync(dir, { recursive: true }) };
  using store = Store.open(dir);
  expect((await new BlobIntake(store, 'application/octet-stream').finish()).layer).toMatchObject({ entries: 0 });
});
