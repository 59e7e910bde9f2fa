import { MicaError } from '../error.ts';
import { type Digest, parseDigest } from '../reference/digest.ts';
import { isObject, type JsonObject, maxConfigBytes, parseJsonObject } from './json.ts';

/** image-spec config.md, `config`: how a container runs. null and absent are the same. Unknown fields are kept. */
export interface RunConfig {
  readonly User?: string;
  readonly ExposedPorts?: Readonly<Record<string, object>> | null;
  readonly Env?: readonly string[] | null;
  readonly Entrypoint?: readonly string[] | null;
  readonly Cmd?: readonly string[] | null;
  readonly Volumes?: Readonly<Record<string, object>> | null;
  readonly WorkingDir?: string;
  readonly Labels?: Readonly<Record<string, string>> | null;
  readonly StopSignal?: string;
  readonly OnBuild?: readonly string[] | null;
  readonly Shell?: readonly string[] | null;
  readonly Healthcheck?: Healthcheck | null;
  readonly [field: string]: unknown;
}
/** docker's extension; durations in nanoseconds. */
export interface Healthcheck {
  readonly Test?: readonly string[];
  readonly Interval?: number;
  readonly Timeout?: number;
  readonly StartPeriod?: number;
  readonly StartInterval?: number;
  readonly Retries?: number;
}
export interface HistoryEntry {
  readonly created?: string;
  readonly created_by?: string;
  readonly author?: string;
  readonly comment?: string;
  readonly empty_layer?: boolean;
}
/** image-spec config.md. Unknown fields survive a round trip. */
export interface ImageConfig {
  readonly architecture: string;
  readonly os: string;
  readonly variant?: string;
  readonly created?: string;
  readonly author?: string;
  readonly config?: RunConfig;
  readonly rootfs: { readonly type: 'layers'; readonly diff_ids: readonly Digest[] };
  readonly history?: readonly HistoryEntry[];
  readonly [field: string]: unknown;
}

/** @throws MicaError invalid-format, limit-exceeded */
export function parseConfig(bytes: Uint8Array): ImageConfig {
  const raw = parseJsonObject(bytes, 'image config', maxConfigBytes);
  const rootfs = raw.rootfs;
  if (!isObject(rootfs) || (rootfs.type !== undefined && rootfs.type !== 'layers'))
    throw invalid('rootfs.type must be layers');
  const ids = rootfs.diff_ids ?? [];
  if (!Array.isArray(ids)) throw invalid('rootfs.diff_ids is not a list');
  const diffIds = ids.map((id) => parseDigest(id, 'diff ID'));
  const history = raw.history ?? [];
  if (!Array.isArray(history) || !history.every(isObject)) throw invalid('history is not a list of objects');
  for (const field of ['created', 'author', 'variant']) text(raw, field);
  for (const row of history) checkRow(row);
  // No history at all is common (buildkit cache images, imports), and docker and umoci add to none rows of what they
  // put on top alone: the layers below get rows that say nothing. One of more layers than there are is damage.
  const filled = history.filter((row) => row.empty_layer !== true).length;
  const silent = history.length === 0 ? [] : diffIds.slice(filled).map(() => ({}));
  if (filled > diffIds.length)
    throw invalid(`history speaks of ${filled} layers, rootfs.diff_ids has ${diffIds.length}`);
  const { history: _, ...rest } = raw;
  return {
    ...rest,
    ...(raw.history === null || raw.history === undefined ? {} : { history }),
    architecture: text(raw, 'architecture') ?? 'amd64',
    os: text(raw, 'os') ?? 'linux',
    rootfs: { ...rootfs, type: 'layers', diff_ids: diffIds },
    ...(silent.length > 0 ? { history: [...silent, ...history] } : {}),
    ...(raw.config === undefined || raw.config === null ? {} : { config: checkRunConfig(raw.config) }),
  } as ImageConfig;
}

function checkRow(row: JsonObject): void {
  for (const field of ['created', 'created_by', 'author', 'comment']) text(row, field, 'history.');
  if (typeof (row.empty_layer ?? false) !== 'boolean') throw invalid('history.empty_layer is neither true nor false');
}

function checkRunConfig(value: unknown): RunConfig {
  if (!isObject(value)) throw invalid('config is not an object');
  for (const field of ['Env', 'Entrypoint', 'Cmd', 'OnBuild', 'Shell']) words(value, field, 'config.');
  for (const field of ['User', 'WorkingDir', 'StopSignal']) text(value, field, 'config.');
  for (const field of ['Labels', 'Volumes', 'ExposedPorts', 'Healthcheck'])
    if (!isObject(value[field] ?? {})) throw invalid(`config.${field} is not an object`);
  for (const label of Object.keys(value.Labels ?? {})) text(value.Labels as JsonObject, label, 'config.Labels.');
  const check = (value.Healthcheck ?? {}) as JsonObject;
  words(check, 'Test', 'config.Healthcheck.');
  for (const field of ['Interval', 'Timeout', 'StartPeriod', 'StartInterval', 'Retries'])
    if (!Number.isInteger(check[field] ?? 0)) throw invalid(`config.Healthcheck.${field} is not a whole number`);
  return value as RunConfig;
}

function text(raw: JsonObject, field: string, of = ''): string | undefined {
  const value = raw[field];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw invalid(`${of}${field} is not a string`);
  return value;
}

function words(raw: JsonObject, field: string, of: string): void {
  const list = raw[field] ?? [];
  if (!Array.isArray(list) || !list.every((item) => typeof item === 'string'))
    throw invalid(`${of}${field} is not a list of strings`);
}

function invalid(why: string): MicaError {
  return new MicaError('invalid-format', `invalid image config: ${why}`);
}
