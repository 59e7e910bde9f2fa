// What the wrapper in src/ may call.
export { alloc, extend, mark, release } from './arena';
export { builderNew, builderRecord, builderBytes, builderAt, builderBehind, builderHeap, builderCount } from './table/builder';
export { builderStatx } from './table/statx';
export { builderFiles } from './table/look';
export { namesSort } from './table/names';
export { fileBytes, filesSince } from './table/files';
export { sumGroups, sumLanes } from './table/sum';
export { builderPart } from './table/part';
export { builderFinish } from './layer/finish';
export { union } from './merge/union';
export { diff } from './merge/diff';
export {
  scannerNew,
  scannerEnd,
  scannerBuilder,
  scannerError,
  scannerPosition,
  scannerEvents,
  scannerEventCount,
  scannerEnded,
} from './tar/read/scanner';
export { scannerPush } from './tar/read/push';
export { packOrder } from './tar/write/order';
export { packHeader, headerBound } from './tar/write/header';
export { packBatch } from './tar/write/batch';
export { sha256New, sha256Reset, sha256Update, sha256Final, S_SIZE } from './hash/sha256';
export { sha256Many } from './hash/many';
