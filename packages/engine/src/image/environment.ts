/** Lists of KEY=VALUE as one: later wins, in the place of the earlier; a bare KEY stands as it was given. */
export function environment(...lists: readonly (readonly string[])[]): string[] {
  return [...new Map(lists.flat().map((entry) => [entry.split('=', 1)[0] as string, entry])).values()];
}
