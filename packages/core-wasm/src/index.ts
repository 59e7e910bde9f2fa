/** The public face of Mica's kernels: nothing outside this package touches linear memory. */
export { Core } from './core.ts';
export { KernelError, type KernelErrorCode } from './error.ts';
export { calibrate, type HashChoice, type HashUse, hashFor } from './hash/choose.ts';
export type { HashEngine, Hasher } from './hash/contract.ts';
export { NativeHash } from './hash/native.ts';
export { WasmHash } from './hash/wasm.ts';
export { clampTimes } from './table/clamp.ts';
export { ChangeBit, DiffResult } from './table/diff-result.ts';
export { EntryTable } from './table/entry-table.ts';
export { Flag, Kind, type KindCode } from './table/layout.ts';
export type { LinearTable } from './table/linear-table.ts';
export { type LinkTarget, renumberLayers, resolveLinks, withAttributes } from './table/linked-files.ts';
export { RecordView, type Xattr } from './table/record-view.ts';
export { comparePaths } from './table/sorted-view.ts';
export type { TableBuilder } from './table/table-builder.ts';
export { padding, type TarPacker, trailer } from './tar/packer.ts';
export type { ScanLimits, TarScanner, TarSink } from './tar/scanner.ts';
