/**
 * Values as a template sees them. A `Map` is a Go map: a key that is not there is `<no value>`, its keys
 * print sorted. A plain object is a struct: a field that is not there is an error; a field that is a
 * function is a method. undefined is Go's "no value", null its nil.
 */
export type Value = unknown;

export function isStruct(value: Value): value is Readonly<Record<string, Value>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Map);
}

/** Go's truth: the zero values are false, a struct is always true. */
export function isTrue(value: Value): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (value instanceof Map) return value.size > 0;
  return Boolean(value);
}

/** A map's entries by key, as Go prints and ranges them. */
export function sorted(map: ReadonlyMap<string, Value>): [string, Value][] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

/** As fmt's %v. */
export function show(value: Value): string {
  if (value === undefined) return '<no value>';
  if (value === null) return '<nil>';
  if (Array.isArray(value)) return `[${value.map(show).join(' ')}]`;
  if (value instanceof Map)
    return `map[${sorted(value)
      .map(([key, item]) => `${key}:${show(item)}`)
      .join(' ')}]`;
  if (typeof value === 'object') return `{${Object.values(value).map(show).join(' ')}}`;
  return String(value);
}

export function typeName(value: Value): string {
  if (value === null || value === undefined) return 'nil';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float64';
  if (typeof value === 'string') return 'string';
  if (Array.isArray(value)) return '[]interface {}';
  return value instanceof Map ? 'map[string]interface {}' : 'struct';
}

/** As docker's `json`: encoding/json without HTML escapes; map keys sorted, struct fields as they stand. */
export function toJson(value: Value): string {
  return JSON.stringify(value ?? null, (_key, item: Value) =>
    item instanceof Map ? Object.fromEntries(sorted(item)) : item,
  );
}
