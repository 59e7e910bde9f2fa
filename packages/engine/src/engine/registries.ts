import { requireTask, requireText, requireTexts } from '../argument.ts';
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
import { reasonOf } from '../pool/stop.ts';
import type { Store } from '../store/store.ts';

/** `engine.registries`: where images come from and go to. */
export class Registries {
  readonly #store: Store;
  constructor(store: Store) {
    this.#store = store;
  }

  /** docker pull. @throws MicaError no-such-image, unauthorized, registry-failed, digest-mismatch, limit-exceeded */
  async pull(name: string, options: PullOptions = {}): Promise<PullResult> {
    this.#store.db.requireWritable(); // before anything is asked for
    const { pullImage } = await import('../registry/pull.ts');
    return stoppable(options, () => pullImage(this.#store, name, options));
  }
  /** docker push: the manifest that was written. @throws MicaError no-such-image, unauthorized, registry-failed */
  async push(name: string, options: PushOptions = {}): Promise<PushResult> {
    const { pushImage } = await import('../registry/push.ts');
    return stoppable(options, () => pushImage(this.#store, name, options));
  }
  /** docker login; nothing of it is kept in the store. @throws MicaError unauthorized, registry-failed */
  async login(server: string | undefined, account: { username: string; password: string }, options: LoginOptions = {}) {
    requireText(account?.username, 'username');
    requireText(account?.password, 'password');
    const { login } = await import('../registry/login.ts');
    return stoppable(options, () => login(server, account, options));
  }
  /** Whether there was a login to forget. */
  async logout(server?: string): Promise<boolean> {
    return (await import('../registry/login.ts')).logout(server);
  }
  /** docker manifest inspect, and with `referrers` also what refers to it. @throws MicaError as {@link pull} */
  async inspectManifest(
    name: string,
    options: RegistryOptions & { readonly referrers?: boolean } = {},
  ): Promise<ManifestInspect> {
    const { inspectManifest } = await import('../registry/inspect-manifest.ts');
    return stoppable(options, () => inspectManifest(name, options));
  }
  /** Between registries, archives and this store: places as `docker://NAME`, `oci:DIRECTORY`, `oci-archive:FILE`, `store:NAME`. */
  async transfer(from: string, to: string, options: TransferOptions = {}): Promise<TransferResult> {
    const { copyImage } = await import('../transfer/copy-image.ts');
    return stoppable(options, () => copyImage(this.#store, from, to, options));
  }
}

async function stoppable<T>(options: RegistryOptions, work: () => Promise<T>): Promise<T> {
  requireTask(options);
  if (options.insecure !== undefined) requireTexts(options.insecure, 'insecure');
  try {
    return await work();
  } catch (error) {
    throw reasonOf(error, options.signal);
  }
}
