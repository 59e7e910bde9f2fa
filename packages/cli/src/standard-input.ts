/** Standard input to its end or to `limit` bytes and one more, whichever is first: whoever writes there without end fills no memory. */
export async function inputUpTo(limit: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of process.stdin as AsyncIterable<Buffer>) {
    parts.push(Buffer.from(part));
    size += part.length;
    if (size > limit) break;
  }
  return Buffer.concat(parts).subarray(0, limit + 1);
}

/** Its first line; null where there is none of at most `limit` bytes. */
export async function firstLine(limit: number): Promise<string | null> {
  let line = '';
  for await (const part of process.stdin as AsyncIterable<Buffer>) {
    line += Buffer.from(part).toString('latin1');
    const end = line.indexOf('\n');
    if (end >= 0 && end <= limit) return line.slice(0, end);
    if (line.length > limit) return null;
  }
  return line === '' ? null : line;
}
