/** The part of WebAssembly's JavaScript interface used here: TypeScript keeps its types in the browser's library. */
export interface Memory {
  readonly buffer: ArrayBuffer;
}
export interface CompiledModule {
  readonly __compiled?: never;
}
interface WebAssemblyHost {
  readonly Module: new (bytes: Uint8Array) => CompiledModule;
  readonly Instance: new (module: CompiledModule, imports: object) => { readonly exports: unknown };
  readonly RuntimeError: new () => Error;
}
export const wasm: WebAssemblyHost = (globalThis as unknown as { WebAssembly: WebAssemblyHost }).WebAssembly;
