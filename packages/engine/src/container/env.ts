/** The caller's: `KEY` alone has the value that the caller's own environment gives it now. */
export function callersEnv(entries: readonly string[]): string[] {
  return entries.map((entry) => {
    const value = entry.includes('=') ? undefined : process.env[entry];
    return value === undefined ? entry : `${entry}=${value}`;
  });
}

/** Later wins, and `KEY` alone takes the variable away: an image that has such an entry asks nobody for a value. */
export function mergeEnv(...lists: readonly (readonly string[])[]): string[] {
  const merged = new Map<string, string>();
  for (const entry of lists.flat()) {
    const at = entry.indexOf('=');
    if (at < 0) merged.delete(entry);
    else merged.set(entry.slice(0, at), entry.slice(at + 1));
  }
  return [...merged].map(([key, value]) => `${key}=${value}`);
}
