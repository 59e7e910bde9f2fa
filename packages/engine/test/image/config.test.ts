import { expect, it } from 'vitest';
import { parseConfig } from '../../src/image/config.ts';
import { parseIndex } from '../../src/image/manifest.ts';
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

it.each([
  [{ created: 5 }, 'created is not a string'],
  [{ author: {} }, 'author is not a string'],
  [{ history: [{ created_by: ['sh'] }] }, 'history.created_by is not a string'],
  [{ history: [{ empty_layer: 'no' }] }, 'history.empty_layer is neither true nor false'],
  [{ config: { User: 0 } }, 'config.User is not a string'],
  [{ config: { Labels: { a: 1 } } }, 'config.Labels.a is not a string'],
  [{ config: { Labels: 'a' } }, 'config.Labels is not an object'],
  [{ config: { Healthcheck: ['CMD'] } }, 'config.Healthcheck is not an object'],
  [{ config: { Healthcheck: { Test: 'true' } } }, 'config.Healthcheck.Test is not a list of strings'],
  [{ config: { Healthcheck: { Interval: '30s' } } }, 'config.Healthcheck.Interval is not a whole number'],
])('a value of another type than docker takes is an error: %j', (part, message) => {
  const whole = { rootfs: { type: 'layers', diff_ids: diffIds }, ...part };
  expect(() => parseConfig(Buffer.from(JSON.stringify(whole)))).toThrow(`invalid image config: ${message}`);
});

it('null is as good as nothing', () => {
  const nothing = {
    created: null,
    author: null,
    history: null,
    config: { Env: null, Healthcheck: null, Labels: null },
  };
  const config = parseConfig(Buffer.from(JSON.stringify({ rootfs: { diff_ids: diffIds }, ...nothing })));
  expect(config.rootfs.diff_ids).toEqual(diffIds);
  expect(config.history).toBeUndefined(); // mica history took it for a list
  const descriptor = { mediaType: 'm', digest: diffIds[0], size: 1, platform: null };
  const index = parseIndex(Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: [descriptor] })));
  expect(index.manifests[0]?.platform).toBeUndefined();
});
