import { expect, it } from 'vitest';
import { isIndex, parseIndex, parseManifest } from '../../src/image/manifest.ts';

const digest = `sha256:${'1'.repeat(64)}`;
const item = { mediaType: 'application/vnd.oci.image.config.v1+json', digest, size: 2 };
const image = { schemaVersion: 2, config: item, layers: [item] };
const list = { schemaVersion: 2, manifests: [item] };
const bytes = (value: object) => Buffer.from(JSON.stringify(value));
const indexTypes = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
];

it.each([1, 3, '2', undefined])(
  'a document of another schemaVersion, %s, is refused with its number',
  (schemaVersion) => {
    const error = { code: 'invalid-format', message: expect.stringContaining(`schemaVersion ${schemaVersion} is not`) };
    expect(() => parseManifest(bytes({ ...image, schemaVersion }))).toThrow(expect.objectContaining(error));
    expect(() => parseIndex(bytes({ ...list, schemaVersion }))).toThrow(expect.objectContaining(error));
  },
);

it("docker's first form of a manifest, which has no config, is none", () => {
  const old = { schemaVersion: 1, name: 'a', tag: '1', fsLayers: [], history: [] };
  expect(() => parseManifest(bytes(old))).toThrow(/it has no config/);
});

it('what is an index is told by its media type, and by its fields where it names none', () => {
  for (const mediaType of indexTypes) {
    expect(isIndex({ ...image, mediaType })).toBe(true);
    expect(() => parseManifest(bytes({ ...image, mediaType }))).toThrow(/it has no config/);
  }
  expect(isIndex({ ...list, mediaType: 'application/vnd.oci.image.manifest.v1+json' })).toBe(false);
  for (const mediaType of [undefined, '', null]) {
    expect(isIndex({ ...list, mediaType })).toBe(true);
    expect(isIndex({ ...image, mediaType })).toBe(false);
    expect(isIndex({ ...image, ...list, mediaType })).toBe(false); // a manifest that lists what belongs to it
  }
});
