/** Mica as a library: `import { Engine } from '@mica/engine'`. */
export type * from './contract.ts';
export { defaultRoot, Engine } from './engine.ts';
export { type ErrorCode, MicaError } from './error.ts';
