import type { Core } from '@mica/core-wasm';
import { SharedStop } from '../pool/stop.ts';
import { Tally } from '../pool/tally.ts';
import { newCore } from '../system/core.ts';
import { type LayerJob, type LayerTask, type Made, makeLayer } from './make-layer.ts';

export interface LayerMessage {
  readonly job: LayerJob;
  readonly stop: SharedStop['flag'];
  readonly tally: Tally['counts'];
}

/** What a container's changes were made, and how long it stood still. */
export interface LayerAnswer {
  readonly made: Made;
  readonly frozenMs: number;
}

/** The thread's own: memory for one container after the other, as much as the largest of them wants. */
let core: Core | null = null;

/** {@link makeLayer} in a worker, which does one at a time. */
export async function run({ job, stop, tally }: LayerMessage): Promise<LayerAnswer> {
  const counts = new Tally(tally);
  let bytes = 0;
  let files = 0;
  const task: LayerTask = {
    signal: new SharedStop(stop),
    onProgress: (progress) => {
      counts.add(progress.bytes - bytes, (progress.files ?? 0) - files);
      bytes = progress.bytes;
      files = progress.files ?? 0;
    },
  };
  const own = core ?? newCore();
  core = null; // after a failure it is not as it was
  const { made, thawed } = await makeLayer(job, task, own);
  core = own;
  return { made, frozenMs: await thawed };
}
