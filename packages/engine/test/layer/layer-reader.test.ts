import { expect, it } from 'vitest';
import { LayerReader } from '../../src/layer/layer-reader.ts';

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
