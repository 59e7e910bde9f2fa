import { MicaError } from '../error.ts';
import { networkProblem } from './network-problem.ts';

/** What one request to a registry came to. `retry` says whether asking again may help. */
export class RegistryFailure extends Error {
  override readonly name = 'RegistryFailure';
  readonly status: number | null;
  /** The registry's own code (distribution-spec, "Error Codes"): MANIFEST_UNKNOWN, DENIED, … */
  readonly code: string | null;
  readonly retry: boolean;
  readonly retryAfterMs: number | null;
  /** Bytes of a download are here, for the next try to go on from. */
  kept = false;

  constructor(
    message: string,
    details: {
      status?: number;
      code?: string | null;
      retry?: boolean;
      retryAfterMs?: number | null;
      cause?: unknown;
    } = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.status = details.status ?? null;
    this.code = details.code ?? null;
    this.retry = details.retry ?? false;
    this.retryAfterMs = details.retryAfterMs ?? null;
  }
}

const retryable = new Set([408, 425, 429, 500, 502, 503, 504]);

/** The failure behind an unwelcome status; `body` is the registry's JSON, if it sent any. */
export function statusFailure(
  what: string,
  status: number,
  body: string,
  retryAfter: string | undefined,
): RegistryFailure {
  const { code, message } = firstError(body);
  const said =
    message === null
      ? `status ${status}`
      : `${code === null ? '' : `${code.toLowerCase().replaceAll('_', ' ')}: `}${message}`;
  return new RegistryFailure(`${what}: ${said}`, {
    status,
    code,
    retry: retryable.has(status),
    retryAfterMs: parseRetryAfter(retryAfter),
  });
}

/** RFC 9110, section 10.2.3: seconds, or a date. */
function parseRetryAfter(value: string | undefined): number | null {
  if (value === undefined) return null;
  if (/^\d+$/.test(value.trim())) return Number(value) * 1000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? null : Math.max(0, at - Date.now());
}

function firstError(body: string): { code: string | null; message: string | null } {
  try {
    const [first] = (JSON.parse(body) as { errors?: { code?: unknown; message?: unknown }[] }).errors ?? [];
    return {
      code: typeof first?.code === 'string' ? printable(first.code) : null,
      message: typeof first?.message === 'string' ? printable(first.message) : null,
    };
  } catch {
    return { code: null, message: null };
  }
}

/** What a server says goes to a terminal: no control characters, and not a page of it. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, ' ').slice(0, 300);
}

/** Nobody there: asking again at once helps only whoever was there a moment ago. */
const unreachable = /^(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT)$/;

/** A failure of the connection itself. */
export function networkFailure(what: string, error: unknown): RegistryFailure | MicaError {
  if (error instanceof MicaError || error instanceof RegistryFailure) return error;
  const { code = '' } = error as NodeJS.ErrnoException;
  const { said, retry, hint } = networkProblem(error as NodeJS.ErrnoException);
  if ((error as Error).name === 'AbortError' && hint === undefined)
    return new MicaError('aborted', `${what}: interrupted`, { cause: error });
  const nobody = unreachable.test(code);
  return new RegistryFailure(`${what}: ${said}`, {
    code: nobody ? 'UNREACHABLE' : null,
    retry: retry && !nobody,
    cause: error,
  });
}

/** Longer than this is no answer that anybody follows. */
const aWeek = 7 * 24 * 3_600_000;

/** docker's words for what a user meets. `name` is the familiar reference. */
export function userError(error: unknown, name: string): unknown {
  if (!(error instanceof RegistryFailure)) return error;
  const details = { subject: name, cause: error };
  const unknown = error.code === 'MANIFEST_UNKNOWN' || error.code === 'NAME_UNKNOWN';
  if (unknown || (error.status === 404 && error.message.includes('/manifests/')))
    return new MicaError('no-such-image', `manifest for ${name} not found: manifest unknown`, {
      ...details,
      hint: 'check the name and the tag; a private repository may need mica login',
    });
  if (error.status === 401 || error.status === 403)
    return new MicaError(
      'unauthorized',
      `access denied for ${name}, repository does not exist or may require 'mica login': ${error.message}`,
      {
        ...details,
        hint: `mica login ${name.includes('/') && /[.:]/.test(name.split('/')[0] ?? '') ? name.split('/')[0] : ''}`.trim(),
      },
    );
  if (error.status === 429)
    return new MicaError('registry-failed', error.message, {
      ...details,
      hint:
        error.retryAfterMs === null
          ? 'the registry limits how often it may be asked: try again later, or log in'
          : error.retryAfterMs > aWeek
            ? 'the registry asks to wait for more than a week: ask who runs it, or log in'
            : `the registry asks to wait ${Math.ceil(error.retryAfterMs / 1000)} s`,
    });
  return new MicaError('registry-failed', error.message, {
    ...details,
    hint:
      (error.cause instanceof Error ? networkProblem(error.cause).hint : undefined) ??
      `check the network and the name of the registry${error.kept ? '; what was downloaded is kept, and the next try goes on from there' : ''}`,
  });
}
