import { createWriteStream, existsSync, renameSync, rmSync } from 'node:fs';
import { loadImages } from '../archive/load.ts';
import type { ArchiveSink } from '../archive/save.ts';
import { saveImages } from '../archive/save.ts';
import { directorySink, writeTar } from '../archive/sinks.ts';
import type { TransferOptions, TransferResult } from '../contract/registry.ts';
import { MicaError } from '../error.ts';
import { isIndexType } from '../image/descriptor.ts';
import { parseIndex, parseManifest } from '../image/manifest.ts';
import { parsePlatform } from '../image/platform.ts';
import { resolveImage, targetOf } from '../images/resolve.ts';
import { type Digest, shortId } from '../reference/digest.ts';
import { parseNewName, parseReference } from '../reference/reference.ts';
import { withOrigin, withRepository } from '../registry/open.ts';
import { pullImage } from '../registry/pull.ts';
import { pushImage } from '../registry/push.ts';
import { nameBeside } from '../store/beside.ts';
import type { Store } from '../store/store.ts';
import type { CopiedDocument, Source, Target } from './contract.ts';
import { copyAll } from './copy.ts';
import { LayoutSource } from './layout-source.ts';
import { LayoutTarget } from './layout-target.ts';
import { type Place, parsePlace } from './place.ts';
import { RegistrySource } from './registry-source.ts';
import { RegistryTarget } from './registry-target.ts';

/** Copies an image from one place to another without unpacking it. @throws MicaError */
export async function copyImage(
  store: Store,
  from: string,
  to: string,
  options: TransferOptions,
): Promise<TransferResult> {
  options.signal?.throwIfAborted();
  const source = parsePlace(from);
  const target = parsePlace(to);
  if (source.kind === 'store') return fromStore(store, source.name, target, options);
  if (target.kind === 'store') return intoStore(store, source, target.name, options);
  if (source.kind === 'registry')
    return withRepository(source.reference, options, (repository) =>
      between(new RegistrySource(store, repository, source.reference), target, options),
    );
  const layout = await LayoutSource.open(source.path, source.tar, source.image);
  if (layout !== null) return between(layout, target, options);
  // docker's old form has no manifest to copy: the store makes the one that docker would.
  const { id } = await loadOne(store, source, options);
  return fromStore(store, id, target, options);
}

async function between(source: Source, target: Place, options: TransferOptions): Promise<TransferResult> {
  const run = async (to: Target) => {
    const top = await copyAll(source, to, {
      referrers: options.referrers ?? false,
      signal: options.signal,
      onBlob: ({ item, done }) => options.onBlob?.({ subject: shortId(item.digest), bytes: item.size, done }),
      ...(options.platform ? { platform: parsePlatform(options.platform) } : {}),
    });
    return { digest: top.digest };
  };
  if (target.kind === 'registry') {
    const { reference } = target;
    return withOrigin(reference, options, (repository) =>
      run(new RegistryTarget(repository, reference.digest ?? reference.tag ?? 'latest')),
    );
  }
  if (target.kind !== 'layout') throw new Error('the store is no target here');
  return writeLayout(target, (sink) => run(new LayoutTarget(sink, target.image)));
}

async function fromStore(store: Store, name: string, target: Place, options: TransferOptions): Promise<TransferResult> {
  const platform = options.platform ? { platform: options.platform } : {};
  const { signal } = options;
  if (options.referrers)
    throw new MicaError('not-supported', 'the store keeps no referrers', {
      hint: 'copy them from a registry or an OCI layout',
    });
  switch (target.kind) {
    case 'store': {
      const { id } = resolveImage(store, name);
      const came = targetOf(store, name);
      store.images.tag(parseNewName(target.name).canonical, id, came);
      return { digest: came ?? store.images.get(id)?.manifest ?? id };
    }
    case 'registry': {
      const { insecure = [] } = options;
      return pushImage(store, target.reference.canonical, { from: name, insecure, signal, ...platform });
    }
    default: {
      const { id } = resolveImage(store, name);
      await writeLayout(target, (sink) =>
        saveImages(store, [name], sink, { ...platform, ...(signal ? { signal } : {}) }),
      );
      return { digest: store.images.get(id)?.manifest ?? id };
    }
  }
}

async function intoStore(
  store: Store,
  source: Exclude<Place, { kind: 'store' }>,
  name: string,
  options: TransferOptions,
): Promise<TransferResult> {
  if (options.referrers)
    throw new MicaError('not-supported', 'the store keeps no referrers', {
      hint: 'copy them to a registry or an OCI layout',
    });
  const as = parseReference(name);
  if (source.kind === 'registry') {
    const { insecure = [], signal, platform } = options;
    // The whole of an index comes unless one platform is asked for: what was copied can be copied on.
    const which = platform ? { platform } : { allPlatforms: true };
    return pullImage(store, source.reference.canonical, { as, insecure, signal, ...which });
  }
  const { id, target } = await loadOne(store, source, options);
  store.images.tag(as.canonical, id, target);
  return { digest: target ?? store.images.get(id)?.manifest ?? id };
}

/** The one image of an archive, now in the store under the names it brought, and the document that it came with. */
async function loadOne(
  store: Store,
  source: Place & { kind: 'layout' },
  options: TransferOptions,
): Promise<{ id: Digest; target: Digest | null }> {
  const layout = await LayoutSource.open(source.path, source.tar, source.image);
  const top = await layout?.top();
  const wanted = layout && top ? await configsBelow(layout, top) : null;
  const { platform, signal } = options;
  const images = await loadImages(store, source.path, {
    ...(platform ? { platform } : {}),
    ...(signal ? { signal } : {}),
  });
  const fits = images.filter(({ id, references }) =>
    wanted ? wanted.has(id) : source.image === null || references.includes(source.image),
  );
  const [image] = fits;
  if (image === undefined || fits.length > 1)
    throw new MicaError('no-such-image', `${source.path} holds ${fits.length} images to choose from`, {
      subject: source.path,
      hint: `name one of: ${images.flatMap(({ references }) => references).join(', ')}`,
    });
  return { id: image.id as Digest, target: top?.digest ?? null };
}

async function configsBelow(
  source: Source,
  { bytes, mediaType }: CopiedDocument,
  seen = new Set<Digest>(),
): Promise<Set<string>> {
  if (!isIndexType(mediaType)) return new Set([parseManifest(bytes).config.digest]);
  const found = new Set<string>();
  for (const item of parseIndex(bytes).manifests) {
    if (seen.has(item.digest)) continue;
    seen.add(item.digest);
    // An index may list more platforms than the archive has.
    const document = await source.document(item).catch(() => null);
    if (document) for (const id of await configsBelow(source, document, seen)) found.add(id);
  }
  return found;
}

/** Under another name until it is whole. */
async function writeLayout<T>(target: Place & { kind: 'layout' }, run: (sink: ArchiveSink) => Promise<T>): Promise<T> {
  if (existsSync(target.path))
    throw new MicaError('conflict', `${target.path} already exists`, {
      subject: target.path,
      hint: 'name a new file or directory',
    });
  const at = nameBeside(target.path);
  try {
    let result: T | undefined;
    if (target.tar)
      await writeTar(createWriteStream(at, { flags: 'wx', mode: 0o600 }), async (sink) => {
        result = await run(sink);
      });
    else result = await run(directorySink(at));
    renameSync(at, target.path);
    return result as T;
  } finally {
    rmSync(at, { recursive: true, force: true });
  }
}
