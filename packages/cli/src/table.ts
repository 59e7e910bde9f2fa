/** docker's tables are Go's tabwriter with these: no column narrower than 10, three spaces between two. */
const leastWidth = 10;
const padding = 3;

/**
 * Lines with tabs between their cells as columns. A column is a run of lines that all have it: as in
 * text/tabwriter, a line's last cell belongs to none.
 */
export function alignTabs(text: string): string {
  const lines = text.split('\n').map((line) => line.split('\t'));
  const cells = Math.max(...lines.map((line) => line.length));
  for (let column = 0; column < cells; column++) {
    for (let from = 0; from < lines.length; ) {
      let to = from;
      while (to < lines.length && column < (lines[to] as string[]).length - 1) to++;
      pad(lines.slice(from, to), column);
      from = to + 1;
    }
  }
  return lines.map((line) => line.join('')).join('\n');
}

function pad(lines: readonly string[][], column: number): void {
  const length = (line: readonly string[]) => [...(line[column] ?? '')].length;
  const width = Math.max(leastWidth, ...lines.map((line) => length(line) + padding));
  for (const line of lines) line[column] += ' '.repeat(width - length(line));
}
