/** docker's other two networks: names that mean a mode, not a bridge. */
export const modes: readonly string[] = ['host', 'none'];

export function modeId(name: string): string {
  return (name === 'host' ? '1' : '0').repeat(64);
}
