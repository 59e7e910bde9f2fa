import { type Core, type EntryTable, Kind } from '@mica/core-wasm';

/**
 * A scan made without root, as if root had made it: nobody else can be the owner of a file there, and
 * attributes of the trusted and security namespaces cannot be set. What the image has too keeps the
 * image's owner and those attributes; what is new is root's.
 */
export function adoptOwners(core: Core, scan: EntryTable, image: EntryTable): EntryTable {
  const builder = core.tableBuilder();
  for (let i = 0; i < scan.count; i++) {
    const path = scan.pathBytes(i);
    const kind = scan.kind(i);
    const known = image.find(path);
    const [uid, gid] = known < 0 ? [0, 0] : [image.uid(known), image.gid(known)];
    const mtime = scan.mtimeSec(i) * 1_000_000_000n + BigInt(scan.mtimeNsec(i));
    builder.add(kind, path, scan.mode(i), uid, gid, mtime, scan.size(i));
    builder.identity(scan.dev(i), scan.ino(i), scan.ctimeNs(i));
    if (kind === Kind.symlink || kind === Kind.hardlink) builder.link(scan.linkBytes(i));
    const lost = known < 0 || image.kind(known) !== kind ? [] : image.xattrs(known).filter(([name]) => !canSet(name));
    builder.xattrs([...scan.xattrs(i).filter(([name]) => canSet(name)), ...lost]);
  }
  return builder.finish();
}

function canSet(name: string): boolean {
  return !name.startsWith('trusted.') && !name.startsWith('security.');
}
