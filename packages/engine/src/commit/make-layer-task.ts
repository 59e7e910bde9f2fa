import { SharedStop } from '../pool/stop.ts';
import { Tally } from '../pool/tally.ts';
import { type LayerJob, type LayerOutcome, makeLayer } from './make-layer.ts';

export interface LayerMessage {
  readonly job: LayerJob;
  readonly stop: SharedStop['flag'];
  readonly tally: Tally['counts'];
}

/** {@link makeLayer} in a worker. */
export function run({ job, stop, tally }: LayerMessage): Promise<LayerOutcome> {
  const counts = new Tally(tally);
  let bytes = 0;
  let files = 0;
  return makeLayer(job, {
    signal: new SharedStop(stop),
    onProgress: (progress) => {
      counts.add(progress.bytes - bytes, (progress.files ?? 0) - files);
      bytes = progress.bytes;
      files = progress.files ?? 0;
    },
  });
}
