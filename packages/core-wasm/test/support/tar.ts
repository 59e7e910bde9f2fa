// Tars by hand, and what a scan makes of them.

import { Core, type EntryTable, Kind, padding, type ScanLimits } from '../../src/index.ts';

/** Scans; the table, and each file's bytes put together from its data events. */
export function scan(
  tar: Uint8Array,
  chunk = tar.length || 1,
  limits: ScanLimits = {},
): { table: EntryTable; bodies: Map<string, Buffer> } {
  const scanner = new Core().scanTar(limits);
  const bodies = new Map<string, Buffer>();
  const sink = {
    entry: (i: number) => {
      if (scanner.entries.kind(i) === Kind.file)
        bodies.set(scanner.entries.path(i), Buffer.alloc(scanner.entries.size(i)));
    },
    data: (i: number, offset: number, bytes: Uint8Array) => bodies.get(scanner.entries.path(i))?.set(bytes, offset),
    done: () => {},
  };
  for (let at = 0; at < tar.length; at += chunk) scanner.push(tar.subarray(at, at + chunk), sink);
  scanner.end();
  return { table: scanner.table(), bodies };
}
export const paths = (table: EntryTable) => Array.from({ length: table.count }, (_, i) => table.path(i));

/** One raw header, checksum and all; for what no writer makes. */
export function header(fields: {
  name?: string;
  type?: string;
  size?: Buffer | string;
  uid?: Buffer;
  mtime?: Buffer | string;
  magic?: string;
  prefix?: string;
  major?: Buffer;
  link?: string;
}): Buffer {
  const h = Buffer.alloc(512);
  h.write(fields.name ?? 'f', 0, 'latin1');
  h.write('0000644\0', 100);
  (fields.uid ?? Buffer.from('0000000\0')).copy(h, 108);
  h.write('0000000\0', 116);
  Buffer.from(fields.size ?? '00000000000\0').copy(h, 124);
  Buffer.from(fields.mtime ?? '00000000001\0').copy(h, 136);
  h.write(fields.type ?? '0', 156);
  h.write(fields.link ?? '', 157);
  h.write(fields.magic ?? 'ustar\x0000', 257);
  fields.major?.copy(h, 329);
  h.write(fields.prefix ?? '', 345);
  h.fill(' ', 148, 156);
  h.write(
    `${h
      .reduce((a, b) => a + b, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148,
  );
  return h;
}
export const block = (bytes: Buffer | string) => {
  const body = Buffer.from(bytes);
  return Buffer.concat([body, Buffer.alloc(padding(body.length))]);
};
export const octal = (n: number) => `${n.toString(8).padStart(11, '0')}\0`;
export const pax = (records: string | Buffer, type = 'x') => {
  const body = Buffer.from(records);
  return Buffer.concat([header({ type, size: octal(body.length) }), block(body)]);
};
export const record = (text: string) => {
  let length = text.length + 3;
  while (`${length} ${text}\n`.length !== length) length++;
  return `${length} ${text}\n`;
};
export const end = Buffer.alloc(1024);
