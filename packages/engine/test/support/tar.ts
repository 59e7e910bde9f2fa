import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { type Header, pack } from 'tar-stream';

export type TarEntry = Partial<Header> & { readonly name: string; readonly body?: string | Buffer };

/** A tar made by tar-stream, entries in the order given. */
export async function makeTar(entries: readonly TarEntry[]): Promise<Buffer> {
  const tar = pack();
  const bytes = buffer(Readable.from(tar));
  for (const { body, ...header } of entries) {
    const content = Buffer.from(body ?? '');
    const plain = header.type === undefined || header.type === 'file';
    const full = { mtime: new Date(1_700_000_000_000), ...header, size: plain ? content.length : 0 };
    if (plain) tar.entry(full, content);
    else tar.entry(full);
  }
  tar.finalize();
  return bytes;
}
