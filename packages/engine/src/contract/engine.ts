/** How a store is opened. */

export interface EngineOptions {
  /** The store's folder: `--root`, `MICA_ROOT`, `/var/lib/mica` as root, `$XDG_DATA_HOME/mica` otherwise. */
  readonly root?: string;
  readonly runtime?: string; // 'auto' | 'crun' | 'runc' | absolute path
  /** What hashes layers: `auto` (the default) measures once for each model of processor, and the store remembers. */
  readonly hasher?: 'auto' | 'native' | 'wasm';
  /** Threads of a batch; as many as there are processors unless told. */
  readonly jobs?: number;
  /**
   * The command line of `mica` itself: what a container's monitor calls at its end (restart policy, --rm,
   * networks). Without it they wait for the next use of the store.
   */
  readonly self?: readonly string[];
  /** Return from a commit only once all of it is on disk. */
  readonly sync?: boolean;
}
