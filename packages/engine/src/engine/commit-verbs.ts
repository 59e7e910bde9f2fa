import type { ForkOptions } from '../commit/fork.ts';
import type { DirectoryCommitOptions } from '../commit/from-directory.ts';
import type { SquashOptions } from '../commit/squash.ts';
import type {
  BatchCommitOptions,
  BatchCommitResult,
  CommitOptions,
  CommitResult,
  CommitSelection,
  ResetOptions,
} from '../contract/commit.ts';
import type { Change } from '../contract/image.ts';
import { ContainerVerbs } from './container-verbs.ts';

/** From containers, folders and layers to images, and back. */
export abstract class CommitVerbs extends ContainerVerbs {
  async diff(name: string): Promise<Change[]> {
    const { containerChanges } = await import('../commit/changes.ts');
    return containerChanges(this.store, this.containers, this.find(name));
  }
  async commit(name: string, reference?: string, options: CommitOptions = {}): Promise<CommitResult> {
    const hasher = this.options.hasher ?? 'auto';
    const row = this.find(name);
    const { commitContainer } = await import('../commit/commit.ts');
    const result = await commitContainer(this.store, this.containers, row, reference, { ...options, hasher });
    if (this.options.sync) this.settle();
    return result;
  }
  /** Commits many, in threads; results as they come, a failure alone. */
  async *commitMany(what: CommitSelection, options: BatchCommitOptions = {}): AsyncGenerator<BatchCommitResult> {
    const { commitMany } = await import('../commit/batch.ts');
    const jobs = options.jobs ?? this.options.jobs;
    const hasher = this.options.hasher ?? 'auto';
    yield* commitMany(this.store, this.containers, what, { ...options, ...(jobs ? { jobs } : {}), hasher });
    if (this.options.sync) this.settle();
  }
  /** Commits a container once and starts `count` others from it; their IDs as they start. */
  async *fork(name: string, options: Omit<ForkOptions, 'hasher'> = {}): AsyncIterableIterator<string> {
    const hasher = this.options.hasher ?? 'auto';
    const { forkContainer } = await import('../commit/fork.ts');
    yield* forkContainer(this.store, this.containers, this.find(name), { ...options, hasher });
  }
  /** Gives a container the writable layer it began with, or had at a commit of its own. */
  async reset(name: string, options: ResetOptions = {}): Promise<void> {
    const sync = this.options.sync ?? false;
    const { resetContainer } = await import('../commit/reset.ts');
    await resetContainer(this.store, this.containers, this.find(name), { ...options, sync });
  }
  /** The layers of an image above some base (`onto`; its first ancestor unless told) made one; the new image's ID. */
  async squash(image: string, reference?: string, options: Omit<SquashOptions, 'hasher'> = {}): Promise<string> {
    const { squashImage } = await import('../commit/squash.ts');
    return squashImage(this.store, image, reference, { ...options, hasher: this.options.hasher ?? 'auto' });
  }
  /** Commits what a plain directory differs from an image by; no container, no mount, no root. */
  async commitFrom(
    dir: string,
    image: string,
    reference?: string,
    options: DirectoryCommitOptions = {},
  ): Promise<CommitResult> {
    const { commitDirectory } = await import('../commit/from-directory.ts');
    const result = await commitDirectory(this.store, dir, image, reference, {
      hasher: this.options.hasher ?? 'auto',
      ...options,
    });
    if (this.options.sync) this.settle();
    return result;
  }
}
