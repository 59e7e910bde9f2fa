import { MicaError } from '../error.ts';
import { verifyBytes } from '../hash/digester.ts';
import { sha256 } from '../hash/sha256.ts';
import { type Descriptor, isIndexType, isManifestType, mediaTypes } from '../image/descriptor.ts';
import { maxManifestBytes, parseJsonObject } from '../image/json.ts';
import { parseIndex } from '../image/manifest.ts';
import { algorithmOf, type Digest, hexOf, isDigest } from '../reference/digest.ts';
import type { Ask, Connection } from './connection.ts';
import { networkFailure, RegistryFailure, statusFailure } from './failure.ts';
import { defaultRetry, type RetryPolicy, retrying } from './retry.ts';
import { type Answer, readBody, shown } from './transport.ts';

export interface RemoteDocument {
  readonly digest: Digest;
  readonly bytes: Uint8Array;
  readonly mediaType: string;
}

export interface BlobAnswer {
  readonly body: Answer['body'];
  /** Where in the blob it begins. */
  readonly from: number;
  /** Bytes of this answer; null when it does not say. */
  readonly length: number | null;
  /** False: it is the whole blob, whatever was asked for. */
  readonly ranged: boolean;
}

const manifestTypes = [mediaTypes.index, mediaTypes.manifest, mediaTypes.dockerIndex, mediaTypes.dockerManifest].join(
  ', ',
);
const schema1 =
  /^application\/(vnd\.docker\.distribution\.manifest\.v1\+(pretty)?jws|vnd\.docker\.distribution\.manifest\.v1\+json|json)$/;

/** One repository of a registry: distribution-spec's requests, each tried again when that may help. */
export class Repository {
  readonly connection: Connection;
  readonly name: string;
  readonly retry: RetryPolicy;
  /** Ends what is asked of it, and the waiting between two tries. */
  readonly signal: AbortSignal | undefined;
  /** Whether bytes of its blobs are in the store. */
  brought = false;

  constructor(
    connection: Connection,
    name: string,
    options: { retry?: RetryPolicy; signal?: AbortSignal | undefined } = {},
  ) {
    this.connection = connection;
    this.name = name;
    this.retry = options.retry ?? defaultRetry;
    this.signal = options.signal;
  }

  /**
   * Pulling a manifest (distribution-spec, end-3). Its digest is the one that was asked for, so that what names it
   * by sha512 finds it, else sha256; computed here, never believed.
   */
  manifest(at: string): Promise<RemoteDocument> {
    return retrying(this.retry, this.signal, async () => {
      const answer = await this.#ask('pull', {
        method: 'GET',
        path: `manifests/${at}`,
        headers: { accept: manifestTypes },
      });
      await expectStatus(answer, 'GET', [200]);
      const what = `GET ${shown(answer.url)}`;
      const bytes = await readBody(answer, maxManifestBytes, what).catch((error) => {
        if (error instanceof RegistryFailure && error.code === 'TOO_LARGE')
          throw new MicaError(
            'limit-exceeded',
            `the manifest of ${this.name} is larger than ${maxManifestBytes} bytes`,
            { subject: this.name },
          );
        throw error;
      });
      const sent = isDigest(at) ? at : answer.header('docker-content-digest');
      const digest = isDigest(at) ? at : sha256(bytes);
      if (sent !== undefined && isDigest(sent)) verifyBytes('manifest', sent, bytes);
      const raw = parseJsonObject(bytes, 'image manifest', maxManifestBytes);
      const type = (answer.header('content-type') ?? '').split(';')[0]?.trim() ?? '';
      if (raw.schemaVersion === 1 || (schema1.test(type) && raw.schemaVersion !== 2))
        throw new MicaError(
          'not-supported',
          `${this.name} has a manifest of docker's schema 1, which is no longer supported`,
          {
            subject: this.name,
            hint: 'it has to be pushed again by a current docker, or converted: skopeo copy --format v2s2',
          },
        );
      const own = typeof raw.mediaType === 'string' ? raw.mediaType : '';
      return { digest, bytes, mediaType: own !== '' ? own : documentType(type, raw) };
    });
  }

  async hasManifest(digest: Digest): Promise<boolean> {
    const path = `manifests/${digest}`;
    return this.#head(path, { accept: manifestTypes });
  }

  /** Checking if content exists (end-2). */
  hasBlob(digest: Digest): Promise<boolean> {
    return this.#head(`blobs/${digest}`, {});
  }

  /** Pulling a blob from `offset` on, up to `end` (end-2); a registry without ranges sends all of it. One try. */
  async blob(digest: Digest, offset: number, end?: number, signal = this.signal): Promise<BlobAnswer> {
    const range =
      offset > 0 || end !== undefined ? { range: `bytes=${offset}-${end === undefined ? '' : end - 1}` } : {};
    const ask = (headers: Record<string, string>) =>
      this.#ask('pull', { method: 'GET', path: `blobs/${digest}`, headers, signal });
    let answer = await ask(range);
    if (answer.status === 416) {
      // It knows ranges and refuses this one: what is here already would never be gone on with.
      answer.body.destroy();
      answer = await ask({});
    }
    await expectStatus(answer, 'GET', [200, 206]);
    const length = answer.header('content-length');
    const from = answer.status === 206 ? rangeStart(answer, offset) : 0;
    return {
      body: answer.body,
      from,
      length: length === undefined ? null : Number(length),
      ranged: answer.status === 206,
    };
  }

  /** Listing referrers (end-12a), or the fallback tag of registries that have no such list. */
  async referrers(digest: Digest): Promise<Descriptor[]> {
    const ask = (path: string) => this.#ask('pull', { method: 'GET', path, headers: { accept: mediaTypes.index } });
    let answer = await ask(`referrers/${digest}`);
    if (answer.status === 404 || answer.status === 400) {
      answer.body.destroy();
      answer = await ask(`manifests/${referrersTag(digest)}`);
    }
    if (answer.status === 404) {
      answer.body.destroy();
      return [];
    }
    await expectStatus(answer, 'GET', [200]);
    return [...parseIndex(await readBody(answer, maxManifestBytes, `GET ${shown(answer.url)}`)).manifests];
  }

  /** Pushing a manifest (end-7). The subject that the registry lists it under, if it does such things (OCI-Subject). */
  putManifest(at: string, mediaType: string, bytes: Uint8Array): Promise<string | null> {
    return retrying(this.retry, this.signal, async () => {
      const answer = await this.#ask('push', {
        method: 'PUT',
        path: `manifests/${at}`,
        headers: { 'content-type': mediaType },
        body: () => bytes,
      });
      await expectStatus(answer, 'PUT', [201, 200]);
      answer.body.destroy();
      return answer.header('oci-subject') ?? null;
    });
  }

  /** One request of this repository, for the uploader. `from` names another repository that is read. */
  request(ask: Omit<Ask, 'scopes' | 'signal'>, from?: string): Promise<Answer> {
    return this.#ask('push', ask, from);
  }

  async #head(path: string, headers: Record<string, string>): Promise<boolean> {
    return retrying(this.retry, this.signal, async () => {
      const answer = await this.#ask('pull', { method: 'HEAD', path, headers });
      answer.body.destroy();
      if (answer.status === 404) return false;
      if (answer.status === 200) return true;
      throw statusFailure(`HEAD ${shown(answer.url)}`, answer.status, '', answer.header('retry-after'));
    });
  }

  #ask(action: 'pull' | 'push', ask: Omit<Ask, 'scopes'>, from?: string): Promise<Answer> {
    const path = typeof ask.path === 'string' ? `/v2/${this.name}/${ask.path}` : ask.path;
    const scopes = [
      `repository:${this.name}:${action === 'push' ? 'pull,push' : 'pull'}`,
      ...(from === undefined ? [] : [`repository:${from}:pull`]),
    ];
    return this.connection.ask({ ...ask, path, scopes, signal: ask.signal ?? this.signal });
  }
}

/** What a document is that does not say it itself: what the registry says, unless that says nothing (text/plain). */
function documentType(type: string, { manifests, layers }: Readonly<Record<string, unknown>>): string {
  if (isIndexType(type) || isManifestType(type) || Array.isArray(manifests) === Array.isArray(layers)) return type;
  return Array.isArray(manifests) ? mediaTypes.index : mediaTypes.manifest;
}

/** Where a registry without a list of referrers has them (distribution-spec, "Referrers Tag Schema"): a tag of 64 digits at most. */
export function referrersTag(digest: Digest): string {
  return `${algorithmOf(digest)}-${hexOf(digest).slice(0, 64)}`;
}

export async function expectStatus(answer: Answer, method: string, wanted: readonly number[]): Promise<void> {
  if (wanted.includes(answer.status)) return;
  const what = `${method} ${shown(answer.url)}`;
  const body = await readBody(answer, 1 << 16, what).catch(() => Buffer.alloc(0));
  throw statusFailure(what, answer.status, body.toString(), answer.header('retry-after'));
}

function rangeStart(answer: Answer, wanted: number): number {
  const start = Number(/^bytes (\d+)-/.exec(answer.header('content-range') ?? '')?.[1] ?? Number.NaN);
  if (start === wanted) return start;
  answer.body.destroy();
  throw networkFailure(
    '',
    new RegistryFailure(`GET ${shown(answer.url)}: asked for bytes from ${wanted}, got others`, { retry: true }),
  );
}
