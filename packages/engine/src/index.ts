/** Mica as a library: `import { Engine } from '@mica/engine'`. */
export type { ForkOptions } from './commit/fork.ts';
export type { DirectoryCommitOptions } from './commit/from-directory.ts';
export type { SquashOptions } from './commit/squash.ts';
export { latestTimestamp } from './commit/whole.ts';
export type { EventQuery } from './container/events.ts';
export type { ContainerInspect } from './container/inspect.ts';
export type { MonitorTask } from './container/monitor.ts';
export { runFolder } from './container/paths.ts';
export { cpuPercent, type Usage } from './container/stats.ts';
export { statusFilters } from './container/status.ts';
export type { ProcessTable } from './container/top.ts';
export type { SystemUsage, UsageTotal } from './container/usage.ts';
export type * from './contract/commit.ts';
export type * from './contract/container.ts';
export type * from './contract/engine.ts';
export type * from './contract/image.ts';
export type * from './contract/network.ts';
export type * from './contract/registry.ts';
export type * from './contract/run.ts';
export type * from './contract/task.ts';
export { defaultRoot, Engine } from './engine.ts';
export { type ErrorCode, MicaError, systemHint, told, wrapSystemError } from './error.ts';
export { chainId, chainIds } from './image/chain-id.ts';
export { type Healthcheck, type ImageConfig, parseConfig, type RunConfig } from './image/config.ts';
export { type Descriptor, isManifestType, mediaTypes } from './image/descriptor.ts';
export { type ImageIndex, isIndex, type Manifest, parseIndex, parseManifest } from './image/manifest.ts';
export type { ImageInspect } from './images/inspect.ts';
export type { PortSpec } from './network/port-spec.ts';
export { parsePublish } from './network/port-spec.ts';
export type { PublishedPort } from './network/record.ts';
export { type Digest, parseDigest } from './reference/digest.ts';
export { familiarName, parseReference, type Reference, withDigest, withTag } from './reference/reference.ts';
export { findTools } from './runtime/oci-runtime.ts';
export { nameBeside } from './store/beside.ts';
export type { EventRow } from './store/event-records.ts';
export { exitAtOnce } from './system/exit.ts';
export { makeFolders } from './system/make-folders.ts';
export { ownProcess } from './system/own-process.ts';
export { rawOutput } from './system/terminal.ts';
export type {
  BlameRow,
  Difference,
  EntryKind,
  LayerRow,
  PathCount,
  TreeChange,
  TreeEntry,
  UnpackReport,
} from './tree/contract.ts';
export type { CheckOptions, CheckReport } from './upkeep/check.ts';
export type { PrunedVolumes, VolumePruneOptions, VolumeRequest } from './volume/volumes.ts';
