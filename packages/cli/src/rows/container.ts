import type { ContainerSummary } from '@mica/engine';
import { ago, humanDuration, humanSize, localTime, shortId, truncate } from '../format.ts';
import type { List, Row } from '../list.ts';
import { quote } from '../template/quote.ts';
import { addLabelMethod, labelText } from './labels.ts';
import { portsColumn } from './ports-column.ts';

/** docker's row of a container; `{{.Label "app"}}` is its one method. */
export interface ContainerRow extends Row {
  readonly Command: string;
  readonly CreatedAt: string;
  readonly ID: string;
  readonly Image: string;
  readonly Labels: string;
  readonly LocalVolumes: string;
  readonly Mounts: string;
  readonly Names: string;
  readonly Networks: string;
  readonly Ports: string;
  readonly RunningFor: string;
  readonly Size: string;
  readonly State: string;
  readonly Status: string;
}

export function containerList(size: boolean): List<ContainerRow> {
  return {
    type: 'formatter.ContainerContext',
    headers: {
      Command: 'COMMAND',
      CreatedAt: 'CREATED AT',
      ID: 'CONTAINER ID',
      Image: 'IMAGE',
      Labels: 'LABELS',
      LocalVolumes: 'LOCAL VOLUMES',
      Mounts: 'MOUNTS',
      Names: 'NAMES',
      Networks: 'NETWORKS',
      Ports: 'PORTS',
      RunningFor: 'CREATED',
      Size: 'SIZE',
      State: 'STATE',
      Status: 'STATUS',
    },
    columns: ['ID', 'Image', 'Command', 'RunningFor', 'Status', 'Ports', 'Names', ...(size ? (['Size'] as const) : [])],
  };
}

export function containerRow(container: ContainerSummary, whole: boolean): ContainerRow {
  const command = commandLine(container.command);
  const { labels } = container;
  const row = {
    Command: quote(whole ? command : truncate(command, 20)),
    // Asked for seldom, and the first use of Intl costs milliseconds.
    get CreatedAt() {
      return localTime(container.created);
    },
    ID: whole ? container.id : shortId(container.id),
    Image: whole ? container.image : shownImage(container.image),
    Labels: labelText(labels),
    LocalVolumes: String(container.mounts.filter((mount) => mount.name !== undefined).length),
    Mounts: container.mounts.map((mount) => short(mount.name ?? mount.source, whole)).join(','),
    Names: container.name,
    Networks: container.networks.join(','),
    Ports: portsColumn(container),
    RunningFor: ago(container.created),
    Size: sizeText(container),
    State: container.status,
    Status: status(container),
  };
  addLabelMethod(row, labels);
  return row;
}

function short(name: string, whole: boolean): string {
  return whole ? name : truncate(name, 15);
}
/** A digest or an ID in full is no help in a table. */
function shownImage(image: string): string {
  if (/^(sha256:)?[0-9a-f]{64}$/.test(image)) return shortId(image);
  return image.replace(/@sha(256|512):[0-9a-f]+$/, '');
}

/** docker's one line of a command: an argument with a space in it in single quotes. */
function commandLine([path = '', ...args]: readonly string[]): string {
  return [path, ...args.map((word) => (word.includes(' ') ? `'${word}'` : word))].join(' ');
}

function sizeText({ sizeRw = 0, sizeRootFs = 0 }: ContainerSummary): string {
  return sizeRootFs > 0 ? `${humanSize(sizeRw)} (virtual ${humanSize(sizeRootFs)})` : humanSize(sizeRw);
}

function status(container: ContainerSummary): string {
  const { health } = container;
  const shown = health === 'starting' ? 'health: starting' : health;
  switch (container.status) {
    case 'running':
    case 'paused': {
      const up = `Up ${humanDuration(Date.now() - Date.parse(container.startedAt ?? ''))}`;
      if (container.status === 'paused') return `${up} (Paused)`;
      return shown ? `${up} (${shown})` : up;
    }
    case 'exited':
      return `Exited (${container.exitCode}) ${ago(container.finishedAt ?? '')}`;
    case 'restarting':
      return `Restarting (${container.exitCode}) ${ago(container.finishedAt ?? '')}`;
    case 'created':
      return 'Created';
    default:
      return 'Dead';
  }
}
