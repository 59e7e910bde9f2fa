import type { ImageSummary } from '@mica/engine';
import { ago, humanSize, localTime, shortId } from '../format.ts';
import type { List, Row } from '../list.ts';

/** docker's row of an image: one for each of its names. */
export interface ImageRow extends Row {
  readonly Containers: string;
  readonly CreatedAt: string;
  readonly CreatedSince: string;
  readonly Digest: string;
  readonly ID: string;
  readonly Repository: string;
  readonly SharedSize: string;
  readonly Size: string;
  readonly Tag: string;
  readonly UniqueSize: string;
  readonly VirtualSize: string;
}

export function imageList(digests: boolean): List<ImageRow> {
  return {
    type: 'formatter.ImageContext',
    headers: {
      Containers: 'CONTAINERS',
      CreatedAt: 'CREATED AT',
      CreatedSince: 'CREATED',
      Digest: 'DIGEST',
      ID: 'IMAGE ID',
      Repository: 'REPOSITORY',
      SharedSize: 'SHARED SIZE',
      Size: 'SIZE',
      Tag: 'TAG',
      UniqueSize: 'UNIQUE SIZE',
      VirtualSize: 'VIRTUAL SIZE',
    },
    columns: ['Repository', 'Tag', ...(digests ? (['Digest'] as const) : []), 'ID', 'CreatedSince', 'Size'],
  };
}

/** What system df -v adds. */
export interface ImageShare {
  readonly shared: number;
  readonly unique: number;
}

export function imageRow(image: ImageSummary, name: string | null, whole: boolean, share?: ImageShare): ImageRow {
  const { repository, tag, digest } = split(name);
  return {
    Containers: share ? String(image.containers) : 'N/A',
    get CreatedAt() {
      return localTime(image.created);
    },
    CreatedSince: ago(image.created),
    Digest: digest ?? published(image, repository) ?? image.digest ?? '<none>',
    ID: whole ? image.id : shortId(image.id),
    Repository: repository,
    SharedSize: share ? humanSize(share.shared) : 'N/A',
    Size: humanSize(image.size),
    Tag: tag,
    UniqueSize: share ? humanSize(share.unique) : 'N/A',
    VirtualSize: humanSize(image.size),
  };
}

/** A row for each name, `<none>` for an image without one. A name by digest only shows where there is no tag. */
export function namesOf(image: ImageSummary): (string | null)[] {
  if (image.repoTags.length > 0) return [...image.repoTags];
  return image.repoDigests.length > 0 ? [...image.repoDigests] : [null];
}

function split(name: string | null): { repository: string; tag: string; digest?: string } {
  if (name === null) return { repository: '<none>', tag: '<none>' };
  const at = name.indexOf('@');
  if (at >= 0) return { repository: name.slice(0, at), tag: '<none>', digest: name.slice(at + 1) };
  const colon = name.lastIndexOf(':');
  return { repository: name.slice(0, colon), tag: name.slice(colon + 1) };
}

/** What the repository's registry knows the image as; that is not its own manifest's when a push compressed it. */
function published(image: ImageSummary, repository: string): string | undefined {
  return image.repoDigests.find((name) => name.startsWith(`${repository}@`))?.slice(repository.length + 1);
}
