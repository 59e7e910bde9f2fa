/** What {@link Trees} is made of, loaded as one. */
export { Core, Kind } from '@mica/core-wasm';
export { blame } from './blame.ts';
export { listEntries } from './entries.ts';
export { imageTree } from './image-tree.ts';
export { layerRows } from './layer-rows.ts';
export { lookUp } from './look-up.ts';
export { readFiles } from './read-files.ts';
export { diffTrees } from './tree-diff.ts';
export { unpackImage } from './unpack-image.ts';
