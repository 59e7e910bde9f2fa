import { makeLayer } from '../../src/commit/make-layer.ts';

/** A program: makes a layer of an upper, packed while it is scanned from so many bytes on. */
const [upper, file, overlapFrom] = process.argv.slice(2) as [string, string, string];
await makeLayer({
  subject: 'box',
  upper,
  file,
  tableFile: `${file}.table`,
  last: null,
  below: [],
  onto: null,
  freeze: null,
  hasher: 'native',
  besideFrom: Infinity,
  overlapFrom: Number(overlapFrom),
});
