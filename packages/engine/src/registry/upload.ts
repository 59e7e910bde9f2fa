import type { Readable } from 'node:stream';
import type { Digest } from '../reference/digest.ts';
import { networkFailure, RegistryFailure } from './failure.ts';
import { expectStatus, type Repository } from './repository.ts';
import { backOff } from './retry.ts';
import { locationOf } from './transport.ts';

export interface UploadSource {
  readonly digest: Digest;
  readonly size: number;
  /** Its bytes from an offset on; made anew for each try. */
  open(from: number): Readable | Uint8Array;
}

export interface UploadOptions {
  /** Another repository of the registry that has the blob. */
  readonly mountFrom?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Sends a blob (distribution-spec, end-4a to end-6, end-11): mounted from another repository if there is
 * one, else in one request; one that was cut goes on from what the registry says it has, and begins anew where
 * it has forgotten it.
 */
export async function upload(
  repository: Repository,
  source: UploadSource,
  options: UploadOptions = {},
): Promise<'mounted' | 'sent'> {
  const signal = options.signal ?? repository.signal;
  let session = await begin(repository, source.digest, signal, options.mountFrom);
  if (session === null) return 'mounted';
  let failed = 0;
  for (let offset = 0; ; ) {
    try {
      if (offset < source.size) session = await send(repository, session, source, offset);
      await commit(repository, session, source.digest);
      return 'sent';
    } catch (error) {
      failed++;
      const failure = forgotten(networkFailure(`blob ${source.digest}`, error));
      await backOff(failure, failed, repository.retry, signal);
      const at = await progress(repository, session);
      if (at !== null && at.offset > offset) failed = 1;
      offset = at?.offset ?? 0;
      session = at?.session ?? ((await begin(repository, source.digest, signal)) as URL);
    }
  }
}

/** A session that the registry began and knows no more, as Debian's after a cut: another one may do. */
function forgotten(error: unknown): unknown {
  const lost = error instanceof RegistryFailure && error.status === 404;
  if (!lost || (error.code !== null && error.code !== 'BLOB_UPLOAD_UNKNOWN')) return error;
  return new RegistryFailure(error.message, { status: 404, code: error.code, retry: true, cause: error });
}

/** Cross-repository mount (end-11) without a fallback: what cannot be mounted is not begun. */
export async function mount(
  repository: Repository,
  digest: Digest,
  from: string,
  signal: AbortSignal | undefined = repository.signal,
): Promise<boolean> {
  const session = await begin(repository, digest, signal, from);
  if (session === null) return true;
  const answer = await repository.request({ method: 'DELETE', path: session }).catch(() => null);
  answer?.body.destroy();
  return false;
}

/** Where the upload goes on; null when the blob was mounted. */
async function begin(
  repository: Repository,
  digest: Digest,
  signal: AbortSignal | undefined,
  mountFrom?: string,
): Promise<URL | null> {
  const mount = mountFrom === undefined ? '' : `?mount=${digest}&from=${encodeURIComponent(mountFrom)}`;
  for (let failed = 1; ; failed++) {
    try {
      const answer = await repository.request({ method: 'POST', path: `blobs/uploads/${mount}` }, mountFrom);
      await expectStatus(answer, 'POST', [201, 202]);
      answer.body.destroy();
      return answer.status === 201 ? null : locationOf(answer);
    } catch (error) {
      await backOff(error, failed, repository.retry, signal);
    }
  }
}

async function send(repository: Repository, session: URL, source: UploadSource, offset: number): Promise<URL> {
  const answer = await repository.request({
    method: 'PATCH',
    path: session,
    headers: {
      'content-type': 'application/octet-stream',
      'content-length': String(source.size - offset),
      // The first one is a stream to those who know no ranges; what goes on has to say from where.
      ...(offset > 0 ? { 'content-range': `${offset}-${source.size - 1}` } : {}),
    },
    body: () => source.open(offset),
  });
  await expectStatus(answer, 'PATCH', [202, 201, 204]);
  answer.body.destroy();
  return locationOf(answer);
}

async function commit(repository: Repository, session: URL, digest: Digest): Promise<void> {
  const path = new URL(session);
  path.searchParams.set('digest', digest);
  const answer = await repository.request({ method: 'PUT', path, headers: { 'content-length': '0' } });
  await expectStatus(answer, 'PUT', [201, 204]);
  answer.body.destroy();
}

/** What the registry has of a broken upload; null when it knows nothing of it any more. */
async function progress(repository: Repository, session: URL): Promise<{ offset: number; session: URL } | null> {
  try {
    const answer = await repository.request({ method: 'GET', path: session });
    answer.body.destroy();
    const end = /^(?:bytes=)?0-(\d+)$/.exec(answer.header('range') ?? '')?.[1];
    if (answer.status !== 204 || end === undefined) return null;
    // An empty upload says 0-0 as well as one of one byte does: it begins anew.
    return Number(end) === 0 ? null : { offset: Number(end) + 1, session: locationOf(answer) };
  } catch {
    return null;
  }
}
