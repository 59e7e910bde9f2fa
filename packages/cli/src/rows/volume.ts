import type { Volume } from '@mica/engine';
import type { List, Row } from '../list.ts';
import type { Described } from '../objects.ts';
import { addLabelMethod, labelText } from './labels.ts';

/** docker's fields, in docker's order. */
export function describeVolume(volume: Volume): Described {
  return {
    CreatedAt: volume.created.replace(/\.\d+Z$/, 'Z'),
    Driver: volume.driver,
    Labels: volume.labels,
    Mountpoint: volume.mountpoint,
    Name: volume.name,
    Options: {},
    Scope: 'local',
  };
}

/** docker's row of a volume. */
export interface VolumeRow extends Row {
  readonly Driver: string;
  readonly Labels: string;
  readonly Links: string;
  readonly Mountpoint: string;
  readonly Name: string;
  readonly Scope: string;
  readonly Size: string;
}

export const volumeList: List<VolumeRow> = {
  type: 'formatter.VolumeContext',
  headers: {
    Driver: 'DRIVER',
    Labels: 'LABELS',
    Links: 'LINKS',
    Mountpoint: 'MOUNTPOINT',
    Name: 'VOLUME NAME',
    Scope: 'SCOPE',
    Size: 'SIZE',
  },
  columns: ['Driver', 'Name'],
};

export function volumeRow(volume: Volume, size?: string): VolumeRow {
  const row = {
    Driver: volume.driver,
    Labels: labelText(volume.labels),
    Links: size === undefined ? 'N/A' : String(volume.containers.length),
    Mountpoint: volume.mountpoint,
    Name: volume.name,
    Scope: 'local',
    Size: size ?? 'N/A',
  };
  addLabelMethod(row, volume.labels);
  return row;
}
