import type { Readable, Writable } from 'node:stream';
import type { ImportOptions, LoadedImage, LoadOptions, SaveOptions } from '../contract/image.ts';
import type {
  LoginOptions,
  ManifestInspect,
  PullOptions,
  PullResult,
  PushOptions,
  PushResult,
  RegistryOptions,
  TransferOptions,
  TransferResult,
} from '../contract/registry.ts';
import { CommitVerbs } from './commit-verbs.ts';

/** How images come and go: archives, registries. */
export abstract class ImageTraffic extends CommitVerbs {
  /** docker import; the new image's ID. */
  async import(source: Readable, options: ImportOptions = {}): Promise<string> {
    const { importRootfs } = await import('../archive/import.ts');
    return importRootfs(this.store, source, options);
  }
  /** docker load; a stream, or the path of an archive or of an OCI layout's directory. */
  async load(source: Readable | string, options: LoadOptions = {}): Promise<LoadedImage[]> {
    const { loadImages } = await import('../archive/load.ts');
    return loadImages(this.store, source, options);
  }
  /** docker save: a tar into the stream, or an OCI layout into an empty directory. */
  async save(names: readonly string[], output: Writable | string, options: SaveOptions = {}): Promise<void> {
    const { saveImages } = await import('../archive/save.ts');
    const { directorySink, writeTar } = await import('../archive/sinks.ts');
    if (typeof output === 'string') return saveImages(this.store, names, directorySink(output), options);
    return writeTar(output, (sink) => saveImages(this.store, names, sink, options));
  }
  /** docker pull. */
  async pull(name: string, options: PullOptions = {}): Promise<PullResult> {
    const { pullImage } = await import('../registry/pull.ts');
    return pullImage(this.store, name, options);
  }
  /** docker push. */
  async push(name: string, options: PushOptions = {}): Promise<PushResult> {
    const { pushImage } = await import('../registry/push.ts');
    return pushImage(this.store, name, options);
  }
  /** docker login; nothing of it is kept in the store. */
  async login(server: string | undefined, account: { username: string; password: string }, options: LoginOptions = {}) {
    return (await import('../registry/login.ts')).login(server, account, options);
  }
  /** Whether there was a login to forget. */
  async logout(server?: string): Promise<boolean> {
    return (await import('../registry/login.ts')).logout(server);
  }
  async inspectManifest(
    name: string,
    options: RegistryOptions & { readonly referrers?: boolean } = {},
  ): Promise<ManifestInspect> {
    return (await import('../registry/inspect-manifest.ts')).inspectManifest(name, options);
  }
  /** Between registries, archives and this store: places as `docker://NAME`, `oci:DIRECTORY`, `oci-archive:FILE`, `store:NAME`. */
  async transfer(from: string, to: string, options: TransferOptions = {}): Promise<TransferResult> {
    return (await import('../transfer/copy-image.ts')).copyImage(this.store, from, to, options);
  }
}
