import type { Engine, SystemUsage } from '@mica/engine';
import type { Command } from 'commander';
import { humanSize, table } from '../format.ts';
import { addFormatFlag, type List, printList, type Row } from '../list.ts';
import { showDescription } from '../objects.ts';
import { type ContainerRow, containerRow } from '../rows/container.ts';
import { type ImageRow, imageRow, namesOf } from '../rows/image.ts';
import { type VolumeRow, volumeRow } from '../rows/volume.ts';
import { withEngine } from '../session.ts';

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
        if (flags.verbose)
          await showDescription(verbose(engine, usage), flags.format, (all) => verboseText(all, usage));
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

/** docker's fields of it; the build cache is none. */
interface Verbose {
  readonly Images: readonly ImageRow[];
  readonly Containers: readonly ContainerRow[];
  readonly Volumes: readonly VolumeRow[];
  readonly BuildCache: readonly [];
}

function verbose(engine: Engine, { images, containers, volumes }: SystemUsage): Verbose {
  const shares = new Map(images.items.map((item) => [item.id, item]));
  const sizes = new Map(volumes.items.map(({ name, size }) => [name, size]));
  return {
    Images: engine.images
      .list()
      .flatMap((image) => namesOf(image).map((name) => imageRow(image, name, false, shares.get(image.id)))),
    Containers: containers.items.map((container) => ({
      ...containerRow(container, false),
      Size: humanSize(container.sizeRw ?? 0),
    })),
    Volumes: engine.volumes.list().map((volume) => volumeRow(volume, humanSize(sizes.get(volume.name) ?? 0))),
    BuildCache: [],
  };
}

function verboseText({ Images, Containers, Volumes }: Verbose, { layers }: SystemUsage): string {
  const image = {
    REPOSITORY: 'Repository',
    TAG: 'Tag',
    'IMAGE ID': 'ID',
    CREATED: 'CreatedSince',
    SIZE: 'Size',
    'SHARED SIZE': 'SharedSize',
    'UNIQUE SIZE': 'UniqueSize',
    CONTAINERS: 'Containers',
  } as const;
  const container = {
    'CONTAINER ID': 'ID',
    IMAGE: 'Image',
    COMMAND: 'Command',
    'LOCAL VOLUMES': 'LocalVolumes',
    SIZE: 'Size',
    CREATED: 'RunningFor',
    STATUS: 'Status',
    NAMES: 'Names',
  } as const;
  const volume = { 'VOLUME NAME': 'Name', LINKS: 'Links', SIZE: 'Size' } as const;
  return [
    `Images space usage:\n\n${columns(image, Images)}`,
    `Containers space usage:\n\n${columns(container, Containers)}`,
    `Local Volumes space usage:\n\n${columns(volume, Volumes)}`,
    `Unpacked layers usage: ${humanSize(layers.size)} in ${layers.count}\n`,
  ].join('\n');
}

/** A table of some of the rows' fields, by their headings. */
function columns<F extends string>(fields: Readonly<Record<string, F>>, rows: readonly Record<F, string>[]): string {
  const names = Object.values(fields);
  return table(
    Object.keys(fields),
    rows.map((row) => names.map((name) => row[name])),
  );
}
