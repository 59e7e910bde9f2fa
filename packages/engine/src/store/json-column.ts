import { byName, text } from './shape.ts';

/** What a column of JSON says; undefined where it is none any more: the row is damaged, others are not. */
export function jsonOf(column: unknown): unknown {
  try {
    return JSON.parse(String(column));
  } catch {
    return undefined;
  }
}

/** The same of texts by name, null where it is none. */
export function textsOf(column: unknown): Readonly<Record<string, string>> | null {
  const value = jsonOf(column);
  return byName(text)(value) ? (value as Record<string, string>) : null;
}
