import { type Core, type EntryTable, Flag, Kind, type LinkTarget, withAttributes } from '@mica/core-wasm';
import { MicaError } from '../error.ts';
import { walk } from './walk.ts';

/**
 * A layer's table as it reads on top of a given tree. Most layers say all that they mean; some lean on
 * what lies below them:
 * - a directory on the way to an entry has none of its own: it is the lower one, attributes and all;
 * - such a directory is a symlink below: the entries go where the link leads, and the link stays;
 * - a hard link names a file of a lower layer;
 * - a whiteout hides nothing here: overlay would show its device in a directory that no lower layer has.
 */
export interface OnChain {
  readonly table: EntryTable;
  /** The layer reads as it does by itself. */
  readonly same: boolean;
  /** Where an entry stood in the layer's own table; -1 for a directory that only this tree asks for. */
  readonly origin: (index: number) => number;
}

/** Whether the layer leans on what lies below. One look at each record. */
export function leansOnLower(table: EntryTable): boolean {
  for (let i = 0; i < table.count; i++) {
    if (isBareParent(table, i)) return true;
    if (table.kind(i) === Kind.hardlink && isDangling(table, i)) return true;
  }
  return false;
}

/** Whether the layer has whiteouts. */
export function deletes(table: EntryTable): boolean {
  for (let i = 0; i < table.count; i++) if (table.kind(i) === Kind.whiteout) return true;
  return false;
}

/** @throws MicaError invalid-layer when a hard link names what neither the layer nor the tree has */
export function settleOnTree(core: Core, layer: EntryTable, below: EntryTable): OnChain {
  const moves = movedPrefixes(layer, below);
  const order = [...Array(layer.count).keys()].sort((a, b) => layer.seq(a) - layer.seq(b));
  const builder = core.tableBuilder();
  const from: number[] = [];
  let same = moves.size === 0;
  for (const i of order) {
    const path = moved(moves, layer.pathBytes(i));
    // What a link leads to is a directory there already, or is implied by what goes into it.
    if (isBareParent(layer, i)) continue;
    if (layer.kind(i) === Kind.whiteout && below.find(path) < 0) {
      same = false;
      continue;
    }
    from.push(i);
    if (layer.kind(i) === Kind.hardlink) {
      builder.copy(layer, i, path, linkTarget(layer, i, moves, below));
      if (isDangling(layer, i)) same = false;
    } else builder.copy(layer, i, path);
  }
  const table = builder.finish();
  const attributes = new Map<number, LinkTarget>();
  for (let i = 0; i < table.count; i++) {
    if (!isBareParent(table, i)) continue;
    const lower = below.find(table.pathBytes(i));
    if (lower >= 0 && below.kind(lower) === Kind.dir) attributes.set(i, { table: below, index: lower, layer: 0 });
  }
  return {
    table: withAttributes(table, attributes),
    same: same && attributes.size === 0,
    origin: (index) => (isBareParent(table, index) ? -1 : (from[table.seq(index)] ?? -1)),
  };
}

/** A hard link whose file this layer does not have. */
export function isDangling(table: EntryTable, index: number): boolean {
  const target = table.find(table.linkBytes(index));
  return target < 0 || table.kind(target) === Kind.dir || table.kind(target) === Kind.whiteout;
}

/** A directory without an entry of its own, that hides nothing: what it is, the lower tree says. */
function isBareParent(table: EntryTable, index: number): boolean {
  return table.kind(index) === Kind.dir && (table.flags(index) & (Flag.implied | Flag.opaque)) === Flag.implied;
}

/** Of each bare parent that is a symlink below: where it leads. In tree order, so that outer ones come first. */
function movedPrefixes(layer: EntryTable, below: EntryTable): Map<string, Buffer> {
  const moves = new Map<string, Buffer>();
  for (let i = 0; i < layer.count; i++) {
    if (!isBareParent(layer, i)) continue;
    const own = layer.pathBytes(i);
    const path = moved(moves, own);
    const at = below.find(path);
    if (at < 0 || below.kind(at) !== Kind.symlink) continue;
    const end = walk(below, path, { follow: true });
    if (end.problem === 'loop') throw invalid(layer, i, 'lies behind symlinks that lead in a circle');
    if (end.climbed) throw invalid(layer, i, 'lies behind a symlink that leads above the root');
    moves.set(Buffer.from(own).toString('latin1'), end.path);
  }
  return moves;
}

/** The path with its longest moved prefix replaced. */
function moved(moves: ReadonlyMap<string, Buffer>, path: Uint8Array): Buffer {
  const bytes = Buffer.from(path);
  if (moves.size === 0) return bytes;
  for (let end = bytes.length; end > 0; end = bytes.lastIndexOf(0x2f, end - 1)) {
    const target = moves.get(bytes.toString('latin1', 0, end));
    if (target === undefined) continue;
    const rest = bytes.subarray(end);
    return target.length === 0 ? rest.subarray(1) : Buffer.concat([target, rest]);
  }
  return bytes;
}

function linkTarget(
  layer: EntryTable,
  index: number,
  moves: ReadonlyMap<string, Buffer>,
  below: EntryTable,
): Uint8Array {
  const path = moved(moves, layer.linkBytes(index));
  if (!isDangling(layer, index)) return path;
  const found = walk(below, path, { follow: false });
  if (found.problem === undefined && found.index >= 0 && below.kind(found.index) !== Kind.dir) return found.path;
  throw invalid(layer, index, `is a hard link to /${layer.link(index)}, which neither its layer nor a lower one has`);
}

function invalid(layer: EntryTable, index: number, why: string): MicaError {
  const subject = `/${layer.path(index)}`;
  return new MicaError('invalid-layer', `${subject} ${why}`, { subject });
}
