import { makeLayer } from '../../src/commit/make-layer.ts';
import { LayerJobs } from './layer-jobs.ts';

/** A program: makes a layer of an upper, packed while it is scanned from so many bytes on. */
const [upper, file, overlapFrom] = process.argv.slice(2) as [string, string, string];
const jobs = new LayerJobs();
try {
  await makeLayer(jobs.job({ upper, file, overlapFrom: Number(overlapFrom) }));
} finally {
  jobs.close();
}
