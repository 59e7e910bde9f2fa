import type { Digest } from '../reference/digest.ts';
import { familiarOf } from '../reference/reference.ts';
import type { Store } from '../store/store.ts';
import { resolveImage } from './resolve.ts';

/** An image as docker's API describes it (GET /images/{name}/json). */
export interface ImageInspect {
  readonly Id: Digest;
  readonly RepoTags: readonly string[];
  readonly RepoDigests: readonly string[];
  readonly Parent: string;
  readonly Comment: string;
  readonly Created: string;
  readonly Author: string;
  readonly Config: Readonly<Record<string, unknown>>;
  readonly Architecture: string;
  readonly Os: string;
  readonly Size: number; // bytes, sum of the uncompressed layers
  readonly RootFS: { readonly Type: 'layers'; readonly Layers: readonly Digest[] };
  readonly [field: string]: unknown;
}

/** @throws MicaError no-such-image, ambiguous */
export function inspectImage(store: Store, name: string): ImageInspect {
  const { id, config, size } = resolveImage(store, name);
  const record = store.images.get(id);
  const names = store.images.references(id).map(familiarOf);
  const last = config.history?.at(-1);
  return {
    Id: id,
    RepoTags: names.filter((reference) => !reference.includes('@')),
    RepoDigests: names.filter((reference) => reference.includes('@')),
    Parent: record?.parent ?? '',
    Comment: last?.comment ?? '',
    Created: config.created ?? '',
    Author: config.author ?? '',
    Config: runConfig(config.config ?? {}),
    Architecture: config.architecture,
    ...(config.variant ? { Variant: config.variant } : {}),
    Os: config.os,
    Size: size,
    GraphDriver: {
      Name: 'overlay',
      Data: { Layers: config.rootfs.diff_ids.map((diffId) => `${store.layersDir}/${diffId.slice(7)}`).join(':') },
    },
    RootFS: { Type: 'layers', Layers: config.rootfs.diff_ids },
    Metadata: { LastTagTime: '0001-01-01T00:00:00Z' },
    Descriptor: { digest: record?.manifest ?? '' },
  };
}

/** With the fields that docker always shows, whatever the image's maker left out. */
function runConfig(config: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const defaults = {
    User: '',
    Env: null,
    Cmd: null,
    Volumes: null,
    WorkingDir: '',
    Entrypoint: null,
    OnBuild: null,
    Labels: null,
  };
  return { ...defaults, ...config };
}
