import { setTimeout as sleep } from 'node:timers/promises';
import { RegistryFailure } from './failure.ts';

export interface RetryPolicy {
  /** Tries in a row that bring nothing. */
  readonly tries: number;
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
  /** A registry that asks for more patience than this is told as an error instead. */
  readonly maxRetryAfterMs: number;
}

export const defaultRetry: RetryPolicy = { tries: 6, firstDelayMs: 250, maxDelayMs: 15_000, maxRetryAfterMs: 120_000 };

/**
 * Waits before the next try, or throws the failure when there is to be none. `failed` counts from 1.
 * `begun`: it has answered before, so that a registry which restarts is waited for.
 */
export async function backOff(
  error: unknown,
  failed: number,
  policy: RetryPolicy,
  signal: AbortSignal | undefined,
  begun = false,
): Promise<void> {
  if (!(error instanceof RegistryFailure)) throw error;
  const retry = error.retry || (begun && error.code === 'UNREACHABLE');
  if (!retry || failed >= policy.tries) throw error;
  if (error.retryAfterMs !== null && error.retryAfterMs > policy.maxRetryAfterMs) throw error;
  const spread = 0.75 + Math.random() / 2; // so that many clients cut at once do not come back at once
  const wait = Math.min(policy.maxDelayMs, policy.firstDelayMs * 2 ** (failed - 1)) * spread;
  await sleep(Math.max(wait, error.retryAfterMs ?? 0), undefined, signal ? { signal } : {});
}

export async function retrying<T>(
  policy: RetryPolicy,
  signal: AbortSignal | undefined,
  run: () => Promise<T>,
): Promise<T> {
  for (let failed = 1; ; failed++) {
    try {
      return await run();
    } catch (error) {
      await backOff(error, failed, policy, signal);
    }
  }
}
