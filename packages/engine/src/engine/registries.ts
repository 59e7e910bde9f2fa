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
import type { Store } from '../store/store.ts';

/** `engine.registries`: where images come from and go to. */
export class Registries {
  readonly #store: Store;
  constructor(store: Store) {
    this.#store = store;
  }

  /** docker pull. */
  async pull(name: string, options: PullOptions = {}): Promise<PullResult> {
    this.#store.db.requireWritable(); // before anything is asked for
    const { pullImage } = await import('../registry/pull.ts');
    return pullImage(this.#store, name, options);
  }
  /** docker push. */
  async push(name: string, options: PushOptions = {}): Promise<PushResult> {
    const { pushImage } = await import('../registry/push.ts');
    return pushImage(this.#store, name, options);
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
    return (await import('../transfer/copy-image.ts')).copyImage(this.#store, from, to, options);
  }
}
