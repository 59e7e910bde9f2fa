/** Later wins; `KEY` alone takes the caller's value, and is left out if the caller has none. */
export function mergeEnv(...lists: readonly (readonly string[])[]): string[] {
  const merged = new Map<string, string>();
  for (const entry of lists.flat()) {
    const at = entry.indexOf('=');
    const key = at < 0 ? entry : entry.slice(0, at);
    const value = at < 0 ? process.env[key] : entry.slice(at + 1);
    if (value !== undefined) merged.set(key, value);
  }
  return [...merged].map(([key, value]) => `${key}=${value}`);
}
