import type { RegistryOptions } from '../contract/registry.ts';
import { MicaError } from '../error.ts';
import type { Reference } from '../reference/reference.ts';
import { Connection } from './connection.ts';
import { CredentialStore } from './credentials.ts';
import { RegistryFailure, userError } from './failure.ts';
import { type Endpoint, Hosts } from './hosts.ts';
import type { RangeShape } from './ranges.ts';
import { Repository } from './repository.ts';
import { defaultRetry, type RetryPolicy } from './retry.ts';
import type { Timeouts } from './transport.ts';

/** What tests make small. */
export interface Patience {
  readonly retry?: RetryPolicy;
  readonly timeouts?: Timeouts;
  /** How large blobs are asked for; a test makes everything large. */
  readonly ranges?: RangeShape;
}

/** Runs with the repository behind a reference: with each of its mirrors, then with itself, until one serves it. */
export async function withRepository<T>(
  reference: Reference,
  options: RegistryOptions & Patience,
  run: (repository: Repository) => Promise<T>,
): Promise<T> {
  const endpoints = new Hosts(options.insecure).pull(reference);
  for (const endpoint of endpoints) {
    try {
      return await withEndpoint(endpoint, options, run);
    } catch (error) {
      const serving =
        error instanceof RegistryFailure || (error instanceof MicaError && error.code === 'digest-mismatch');
      if (endpoint.mirror && serving && !options.signal?.aborted) continue;
      throw userError(error, reference.familiar);
    }
  }
  throw new Error('a reference has at least one endpoint');
}

/** Where a reference is pushed to: never a mirror. */
export async function withOrigin<T>(
  reference: Reference,
  options: RegistryOptions & Patience,
  run: (repository: Repository) => Promise<T>,
): Promise<T> {
  try {
    return await withEndpoint(new Hosts(options.insecure).push(reference), options, run);
  } catch (error) {
    throw userError(error, reference.familiar);
  }
}

async function withEndpoint<T>(
  endpoint: Endpoint,
  options: RegistryOptions & Patience,
  run: (repository: Repository) => Promise<T>,
): Promise<T> {
  options.signal?.throwIfAborted();
  const connection = new Connection(endpoint, new CredentialStore(), options.timeouts);
  const { retry = defaultRetry, signal } = options;
  const repository = new Repository(connection, endpoint.repository, { retry, signal });
  try {
    return await run(repository);
  } catch (error) {
    if (error instanceof RegistryFailure) error.kept = repository.brought;
    throw error;
  } finally {
    await connection.close();
  }
}
