import { MicaError } from '../error.ts';

export const maxManifestBytes = 4 * 1024 * 1024; // distribution-spec: registries may refuse larger ones
export const maxConfigBytes = 8 * 1024 * 1024;
const maxDepth = 100;

export type JsonObject = { readonly [field: string]: unknown };

/** JSON from outside: bounded in size and in depth, and an object at the top. @throws MicaError */
export function parseJsonObject(bytes: Uint8Array, what: string, limit: number): JsonObject {
  const value = parseJson(bytes, what, limit);
  if (!isObject(value)) throw new MicaError('invalid-format', `invalid ${what}: not a JSON object`);
  return value;
}

/** @throws MicaError limit-exceeded, invalid-format */
export function parseJson(bytes: Uint8Array, what: string, limit: number): unknown {
  if (bytes.length > limit)
    throw new MicaError('limit-exceeded', `${what} is too large: ${bytes.length} bytes, at most ${limit} are read`);
  boundDepth(bytes, what);
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new MicaError('invalid-format', `invalid ${what}: not valid JSON`, { cause });
  }
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Counted over the bytes before parsing, so that a nest of a million brackets costs no memory. */
function boundDepth(bytes: Uint8Array, what: string): void {
  let depth = 0;
  let quoted = false;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    if (quoted) {
      if (byte === 0x5c) i++;
      else if (byte === 0x22) quoted = false;
    } else if (byte === 0x22) quoted = true;
    else if (byte === 0x7b || byte === 0x5b) {
      if (++depth > maxDepth) throw new MicaError('limit-exceeded', `${what} is nested deeper than ${maxDepth} levels`);
    } else if (byte === 0x7d || byte === 0x5d) depth--;
  }
}
