import type { CreateOptions } from '../contract/container.ts';
import type { RunConfig } from '../image/config.ts';
import { resolveImage, standsOn } from '../images/resolve.ts';
import { Scope } from '../network/scope.ts';
import { OciRuntime } from '../runtime/oci-runtime.ts';
import type { ContainerRow } from '../store/container-records.ts';
import type { Store } from '../store/store.ts';
import { Volumes } from '../volume/volumes.ts';
import { ContainerPaths } from './paths.ts';
import type { ContainerState } from './record.ts';
import { containerShape } from './record-shape.ts';

export type Row = ContainerRow<ContainerState>;

/** What every step of a container's life needs: the store, where its parts are, and the runtime. */
export class ContainerContext {
  readonly store: Store;
  readonly paths: ContainerPaths;
  readonly volumes: Volumes;
  readonly networks: Scope;
  /** The command line of `mica` itself, for a container's monitor to call; empty in a program that has none. */
  readonly self: readonly string[];
  readonly #wanted: string;

  constructor(store: Store, runtime: string, self: readonly string[] = []) {
    this.self = self;
    this.store = store;
    this.#wanted = runtime;
    this.paths = new ContainerPaths(store.root);
    this.volumes = new Volumes(store);
    store.containers.shape = containerShape(this.volumes);
    store.containers.standsOn = (image) => standsOn(store, image);
    this.networks = new Scope(store, this.paths.run);
  }

  /** The one it runs under, whatever the next would be started with. */
  runtimeOf(state: ContainerState): OciRuntime {
    return state.runtime ? new OciRuntime(state.runtime, this.paths.state) : this.runtimeFor(state.options);
  }
  /** The one that it is started with. @throws MicaError missing-tool */
  runtimeFor(options: CreateOptions): OciRuntime {
    return OciRuntime.find(options.runtime ?? this.#wanted, this.paths.state);
  }
  /** Of the command line; undefined for what is found. */
  get wantedRuntime(): string | undefined {
    return this.#wanted === 'auto' ? undefined : this.#wanted;
  }

  imageConfig(row: Row): RunConfig | undefined {
    return resolveImage(this.store, row.image).config.config;
  }

  update(id: string, change: (state: ContainerState) => ContainerState): ContainerState {
    return this.store.containers.update<ContainerState>(id, change);
  }
}
