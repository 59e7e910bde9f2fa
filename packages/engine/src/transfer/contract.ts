import type { Descriptor } from '../image/descriptor.ts';
import type { Digest } from '../reference/digest.ts';

/** A manifest or index, byte for byte. */
export interface CopiedDocument {
  readonly digest: Digest;
  readonly bytes: Uint8Array;
  readonly mediaType: string;
}

/** A blob as a part of a local file; `release` once it is not needed any more. */
export interface BlobFile {
  readonly path: string;
  readonly start: number;
  readonly size: number;
  release(): void;
}

/** What is copied. Whoever opens it closes it. */
export interface Source {
  /** The registry's HOST and repository, for mounts within one registry. */
  readonly repository: { readonly host: string; readonly name: string } | null;
  top(): Promise<CopiedDocument>;
  document(item: Descriptor): Promise<CopiedDocument>;
  blob(item: Descriptor): Promise<BlobFile>;
  /** Manifests whose subject this one is. */
  referrers(digest: Digest): Promise<readonly Descriptor[]>;
}

/** Where it goes. Blobs come before the documents that name them; `finish` once, with the topmost one. */
export interface Target {
  /** True when it has the blob already, or got it from another repository of the source's registry. */
  has(item: Descriptor, source: Source): Promise<boolean>;
  blob(item: Descriptor, file: BlobFile): Promise<void>;
  document(document: CopiedDocument): Promise<void>;
  /** `document` is about `subject`; the target has both. */
  attach(subject: Digest, document: CopiedDocument): Promise<void>;
  finish(top: CopiedDocument): Promise<void>;
}
