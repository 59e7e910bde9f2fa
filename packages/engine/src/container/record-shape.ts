import type { RecordShape } from '../store/container-records.ts';
import { fields, listOf, object, orNone, orNull, owner, text, time, whole } from '../store/shape.ts';
import type { Volumes } from '../volume/volumes.ts';
import { storedOptions } from './option-shapes.ts';
import type { ContainerState } from './record.ts';

const texts = listOf(text);
const record = fields({
  options: storedOptions,
  command: texts,
  mounts: listOf(fields({ source: text, target: text })),
  status: (value) => value === 'created' || value === 'running' || value === 'exited',
  pid: orNull(whole),
  pidStart: orNull(text),
  startedAt: orNull(time),
  finishedAt: orNull(time),
  exitCode: orNull(whole),
  maker: orNone(owner),
  starting: orNone(owner),
  attached: orNone(owner),
  resetting: orNone(owner),
  restarting: orNone(owner),
  runtime: orNone(text),
  health: orNone(fields({ status: text, log: listOf(object) })),
});

/**
 * What every look at a container takes for granted. One record that a bad disk, or a hand at the database, left
 * otherwise would end each command that looks at all containers, also for those that are whole.
 */
export function containerShape(volumes: Volumes): RecordShape {
  return {
    isSound: record,
    /** Enough to be shown, and removed. */
    damaged: (image): ContainerState => ({
      damaged: true,
      options: { image },
      command: [],
      mounts: [],
      status: 'exited',
      pid: null,
      pidStart: null,
      startedAt: null,
      finishedAt: null,
      exitCode: null,
    }),
    /** The store may have been moved since a volume's folder was written down. */
    placed: (state) => {
      const { mounts, ...more } = state as ContainerState;
      const placed = mounts.map((point) => (point.name ? { ...point, source: volumes.dataDir(point.name) } : point));
      return { ...more, mounts: placed };
    },
  };
}
