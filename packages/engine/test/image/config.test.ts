import { expect, it } from 'vitest';
import { parseConfig } from '../../src/image/config.ts';
import { layerHistories } from '../../src/tree/layer-rows.ts';

const diffIds = [1, 2, 3].map((digit) => `sha256:${String(digit).repeat(64)}`);
const parse = (history?: object[]) =>
  parseConfig(Buffer.from(JSON.stringify({ rootfs: { type: 'layers', diff_ids: diffIds }, history })));

it('a base without history, committed by docker or umoci: their rows speak of the uppermost layers', () => {
  const config = parse([{ created_by: 'ENV a=b', empty_layer: true }, { created_by: 'commit' }]);
  expect(config.history).toEqual([{}, {}, { created_by: 'ENV a=b', empty_layer: true }, { created_by: 'commit' }]);
  expect(layerHistories(config)).toEqual([{}, {}, { created_by: 'commit' }]);
  expect(layerHistories(parse([{ created_by: 'ENV a=b', empty_layer: true }]))).toEqual([{}, {}, {}]);
});

it('no history stays none; one that speaks of more layers than there are is an error', () => {
  expect(parse().history).toBeUndefined();
  expect(() => parse([{}, {}, {}, {}])).toThrow('history speaks of 4 layers, rootfs.diff_ids has 3');
});
