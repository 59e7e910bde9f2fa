import type { Engine, SystemUsage } from '@mica/engine';
import type { Command } from 'commander';
import { humanSize, table } from '../format.ts';
import { addFormatFlag, type List, printList, type Row } from '../list.ts';
import { containerRow } from '../rows/container.ts';
import { imageRow, namesOf } from '../rows/image.ts';
import { volumeRow } from '../rows/volume.ts';
import { withEngine } from '../session.ts';
import { print } from '../standard-output.ts';

interface Kind extends Row {
  readonly Active: string;
  readonly Reclaimable: string;
  readonly Size: string;
  readonly TotalCount: string;
  readonly Type: string;
}
const kinds: List<Kind> = {
  type: 'formatter.diskUsageContext',
  headers: {
    Active: 'ACTIVE',
    Reclaimable: 'RECLAIMABLE',
    Size: 'SIZE',
    TotalCount: 'TOTAL',
    Type: 'TYPE',
  },
  columns: ['Type', 'TotalCount', 'Active', 'Size', 'Reclaimable'],
};

export function define(command: Command): void {
  addFormatFlag(command.description('Shows what images, containers, volumes and the cache of unpacked layers take.'))
    .option('-v, --verbose', 'each image, container and volume')
    .addHelpText('after', "\nExamples:\n  mica system df\n  mica system df --format '{{.Type}} {{.Size}}'")
    .action((flags: { format?: string; verbose?: boolean }, command: Command) =>
      withEngine(command, async (engine) => {
        const usage = engine.usage();
        if (flags.verbose && !flags.format) print(verbose(engine, usage));
        else await printList(kinds, summary(usage), flags);
      }),
    );
}

function summary({ images, containers, volumes, layers }: SystemUsage): Kind[] {
  const totals = [
    ['Images', images],
    ['Containers', containers],
    ['Local Volumes', volumes],
    // Where docker has its build cache: it can go, and is made again at need.
    ['Unpacked Layers', layers],
  ] as const;
  return totals.map(([Type, { count, active, size, reclaimable }]) => ({
    Active: String(active),
    Reclaimable: size > 0 ? `${humanSize(reclaimable, 4)} (${Math.floor((reclaimable * 100) / size)}%)` : humanSize(0),
    Size: humanSize(size, 4),
    TotalCount: String(count),
    Type,
  }));
}

function verbose(engine: Engine, { images, containers, volumes, layers }: SystemUsage): string {
  const shares = new Map(images.items.map((item) => [item.id, item]));
  const imageRows = engine.images.list().flatMap((image) =>
    namesOf(image).map((name) => {
      const row = imageRow(image, name, false, shares.get(image.id));
      return [
        row.Repository,
        row.Tag,
        row.ID,
        row.CreatedSince,
        row.Size,
        row.SharedSize,
        row.UniqueSize,
        row.Containers,
      ];
    }),
  );
  const containerRows = containers.items.map((container) => {
    const row = containerRow(container, false);
    const size = humanSize(container.sizeRw ?? 0);
    return [row.ID, row.Image, row.Command, row.LocalVolumes, size, row.RunningFor, row.Status, row.Names];
  });
  const sizes = new Map(volumes.items.map(({ name, size }) => [name, size]));
  const volumeRows = engine.volumes.list().map((volume) => {
    const row = volumeRow(volume, humanSize(sizes.get(volume.name) ?? 0));
    return [row.Name, row.Links, row.Size];
  });
  const imageHeader = ['REPOSITORY', 'TAG', 'IMAGE ID', 'CREATED', 'SIZE', 'SHARED SIZE', 'UNIQUE SIZE', 'CONTAINERS'];
  const containerHeader = ['CONTAINER ID', 'IMAGE', 'COMMAND', 'LOCAL VOLUMES', 'SIZE', 'CREATED', 'STATUS', 'NAMES'];
  return [
    `Images space usage:\n\n${table(imageHeader, imageRows)}`,
    `Containers space usage:\n\n${table(containerHeader, containerRows)}`,
    `Local Volumes space usage:\n\n${table(['VOLUME NAME', 'LINKS', 'SIZE'], volumeRows)}`,
    `Unpacked layers usage: ${humanSize(layers.size)} in ${layers.count}\n`,
  ].join('\n');
}
