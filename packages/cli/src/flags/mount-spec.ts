import { resolve } from 'node:path';
import { MicaError, type MountRequest } from '@mica/engine';
import { parseBoolean } from './boolean.ts';
import { parseBytes } from './values.ts';
import { checkPropagation } from './volume-spec.ts';

type Draft = { -readonly [K in keyof MountRequest]?: MountRequest[K] } & { labels?: Record<string, string> };

/** Keys that only one type of mount has. */
const onlyOf = { bind: 'bind-', volume: 'volume-', tmpfs: 'tmpfs-' } as const;

/** `--mount type=bind,source=/x,target=/y,…`: docker's keys and words (cli/opts/mount.go). */
export function parseMount(raw: string): MountRequest {
  const draft: Draft = { type: 'volume' };
  const keys: string[] = [];
  for (const field of fields(raw)) {
    const at = field.indexOf('=');
    const key = (at < 0 ? field : field.slice(0, at)).toLowerCase();
    const value = at < 0 ? undefined : field.slice(at + 1);
    keys.push(key);
    set(draft, key, value, field, raw);
  }
  const { type } = draft;
  if (!draft.type || !(type === 'bind' || type === 'volume' || type === 'tmpfs'))
    throw invalid(raw, `invalid mount type: "${String(type)}"`);
  if (!draft.target) throw invalid(raw, 'target is required');
  for (const [owner, prefix] of Object.entries(onlyOf))
    if (owner !== type && keys.some((key) => key.startsWith(prefix)))
      throw invalid(raw, `cannot mix '${prefix}*' options with mount type '${type}'`);
  if (type === 'bind') {
    if (!draft.source) throw wrong('bind', 'field Source must not be empty');
    return { ...draft, type, target: draft.target, source: resolve(draft.source), createSource: false };
  }
  if (type === 'tmpfs' && draft.source !== undefined) throw wrong('tmpfs', 'field Source must not be specified');
  return { ...draft, type, target: draft.target };
}

function set(draft: Draft, key: string, value: string | undefined, field: string, raw: string): void {
  switch (key) {
    case 'readonly':
    case 'ro':
      draft.readOnly = truth(key, value ?? 'true', raw);
      return;
    case 'volume-nocopy':
      draft.noCopy = truth(key, value ?? 'true', raw);
      return;
    case 'bind-nonrecursive':
      draft.nonRecursive = truth(key, value ?? 'true', raw);
      return;
  }
  if (value === undefined) throw invalid(raw, `invalid field '${field}' must be a key=value pair`);
  switch (key) {
    case 'type':
      draft.type = value.toLowerCase() as MountRequest['type'];
      return;
    case 'source':
    case 'src':
      draft.source = value;
      return;
    case 'target':
    case 'dst':
    case 'destination':
      draft.target = value;
      return;
    case 'consistency':
      return; // docker's for Mac; everywhere else it says nothing
    case 'bind-propagation':
      if (value !== '') draft.propagation = checkPropagation(value.toLowerCase());
      return;
    case 'bind-recursive':
      recursive(draft, value, raw);
      return;
    case 'volume-label': {
      const at = value.indexOf('=');
      const name = at < 0 ? value : value.slice(0, at);
      draft.labels = { ...draft.labels, [name]: at < 0 ? '' : value.slice(at + 1) };
      return;
    }
    case 'volume-driver':
      if (value !== 'local') throw unsupported(`volume driver ${value}`, 'the only driver is local');
      return;
    case 'volume-opt':
    case 'volume-subpath':
    case 'bind-create-src':
      throw unsupported(`--mount ${key}`, 'bind a folder of the host instead');
    case 'tmpfs-size': {
      const bytes = parseBytes(value);
      if (bytes === null) throw invalid(raw, `invalid value for ${key}: ${value}`);
      draft.options = [...(draft.options ?? []), `size=${bytes}`];
      return;
    }
    case 'tmpfs-mode':
      if (!/^[0-7]{1,5}$/.test(value)) throw invalid(raw, `invalid value for ${key}: ${value}`);
      draft.options = [...(draft.options ?? []), `mode=${value}`];
      return;
    default:
      throw invalid(raw, `unexpected key '${key}' in '${field}'`);
  }
}

function recursive(draft: Draft, value: string, raw: string): void {
  if (value === 'disabled') draft.nonRecursive = true;
  else if (value === 'writable') draft.writableBelow = true;
  else if (value !== 'enabled' && value !== 'readonly')
    throw invalid(
      raw,
      `invalid value for bind-recursive: ${value} (must be "enabled", "disabled", "writable", or "readonly")`,
    );
}

/** Comma-separated values (RFC 4180): a field in double quotes may hold commas. */
function fields(raw: string): string[] {
  // What is between two commas, or behind the last, is a field also where it is empty: docker refuses it.
  const found = raw.match(/(?<=^|,)(?:"(?:[^"]|"")*"|[^,])*/g) ?? [];
  if (raw.trim() === '') throw invalid(raw, 'value is empty');
  return found.map((field) => (field.startsWith('"') ? field.slice(1, -1).replaceAll('""', '"') : field));
}

function truth(key: string, value: string, raw: string): boolean {
  const found = parseBoolean(value);
  if (found === null) throw invalid(raw, `invalid value for ${key}: ${value}`);
  return found;
}

function invalid(raw: string, why: string): MicaError {
  return new MicaError('invalid-argument', `invalid argument "${raw}" for "--mount" flag: ${why}`, {
    subject: raw,
    hint: 'for example: --mount type=bind,source=/srv/data,target=/data,readonly',
    exitCode: 125,
  });
}
/** What docker's daemon refuses, not its command line: create exits 1. */
function wrong(type: string, why: string): MicaError {
  return new MicaError('invalid-argument', `invalid mount config for type "${type}": ${why}`, { subject: '--mount' });
}
function unsupported(what: string, hint: string): MicaError {
  return new MicaError('not-supported', `${what} is not supported`, { hint, exitCode: 125 });
}
