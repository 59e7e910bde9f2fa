import type { ManifestInspect, RegistryOptions } from '../contract/registry.ts';
import { parseReference } from '../reference/reference.ts';
import { type Patience, withRepository } from './open.ts';

/** docker manifest inspect: the manifest or index as the registry has it; with `referrers` what refers to it. */
export function inspectManifest(
  name: string,
  options: RegistryOptions & Patience & { readonly referrers?: boolean } = {},
): Promise<ManifestInspect> {
  const reference = parseReference(name);
  return withRepository(reference, options, async (repository) => {
    const { digest, mediaType, bytes } = await repository.manifest(reference.digest ?? reference.tag ?? 'latest');
    const referrers = options.referrers ? await repository.referrers(digest) : [];
    return { digest, mediaType, bytes, referrers };
  });
}
