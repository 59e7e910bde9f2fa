import { thawAbandoned } from '../commit/freeze.ts';
import { Lifecycle } from '../container/lifecycle.ts';
import type { ContainerState } from '../container/record.ts';
import type { EngineOptions } from '../contract/engine.ts';
import { ImageService } from '../images/image-service.ts';
import { Networks } from '../network/networks.ts';
import type { ContainerRow } from '../store/container-records.ts';
import { Store } from '../store/store.ts';
import { TreeService } from '../tree/tree-service.ts';
import { settleStore } from '../upkeep/settle.ts';
import type { Volumes } from '../volume/volumes.ts';

/** `--root`, `MICA_ROOT`, then /var/lib/mica as root and $XDG_DATA_HOME/mica otherwise. */
export function defaultRoot(): string {
  if (process.env.MICA_ROOT) return process.env.MICA_ROOT;
  if (process.getuid?.() === 0) return '/var/lib/mica';
  return `${process.env.XDG_DATA_HOME ?? `${process.env.HOME ?? '/tmp'}/.local/share`}/mica`;
}

/** What every verb works with: one store that is open, its containers, and how they were asked for. */
export abstract class OpenStore {
  readonly root: string;
  readonly images: ImageService;
  readonly volumes: Volumes;
  readonly networks: Networks;
  /** What images hold, read without unpacking. */
  readonly trees: TreeService;
  protected readonly store: Store;
  protected readonly containers: Lifecycle;
  protected readonly options: EngineOptions;

  constructor(options: EngineOptions = {}) {
    this.options = options;
    this.root = options.root ?? defaultRoot();
    this.store = Store.open(this.root);
    this.images = new ImageService(this.store);
    this.trees = new TreeService(this.store);
    this.containers = new Lifecycle(this.store, options.runtime ?? 'auto', options.self);
    this.volumes = this.containers.context.volumes;
    thawAbandoned(this.containers.paths.run);
    this.networks = new Networks(this.containers.context.networks);
  }

  /**
   * Brings to the disk what was written and is not known to be there, `olderThan` milliseconds old or
   * more. `sync` does it after each commit; what is never settled is verified after a crash instead.
   */
  settle(olderThan = 0): number {
    return settleStore(this.store, olderThan);
  }
  close(): void {
    this.store.close();
  }
  [Symbol.dispose](): void {
    this.close();
  }

  /** By name, ID or a prefix of it. @throws MicaError no-such-container, ambiguous */
  protected find(name: string): ContainerRow<ContainerState> {
    return this.store.containers.find<ContainerState>(name);
  }
}
