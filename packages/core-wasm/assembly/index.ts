// What the wrapper in src/ may call.
export { alloc, mark, release } from './arena';
export { builderNew, builderRecord, builderBytes, builderAt, builderHeap, builderCount } from './builder';
export { builderStatx } from './statx';
export { builderFinish } from './finish';
export { union } from './union';
export { diff } from './diff';
export {
  scannerNew,
  scannerPush,
  scannerEnd,
  scannerBuilder,
  scannerError,
  scannerPosition,
  scannerEvents,
  scannerEventCount,
  scannerEnded,
} from './tar-read';
export { packOrder, packHeader, headerBound } from './tar-write';
export { sha256New, sha256Reset, sha256Update, sha256Final, S_SIZE } from './sha256';
export { sha256Many } from './sha256x4';
