import { attachContainer } from '../container/attach.ts';
import { tell } from '../container/events.ts';
import { followingNetworks } from '../container/host-files.ts';
import type { MonitorTask } from '../container/monitor.ts';
import { pauseContainer, unpauseContainer } from '../container/pause.ts';
import { updateContainer } from '../container/update.ts';
import type { Attachment, CreateOptions, ExecOptions } from '../contract/container.ts';
import type { UpdateOptions } from '../contract/run.ts';
import type { Connectable } from '../network/networks.ts';
import { ContainerViews } from './container-views.ts';

/** What is done to containers. */
export abstract class ContainerVerbs extends ContainerViews {
  create(options: CreateOptions): Promise<string> {
    return this.containers.create(options);
  }
  async start(name: string): Promise<void> {
    await this.containers.start(this.find(name), false);
  }
  /** Starts with the streams attached from the first byte on. The caller closes the attachment. */
  async startAttached(name: string): Promise<Attachment> {
    return (await this.containers.start(this.find(name), true)) as Attachment;
  }
  /** Runs one more process in a running container, its streams attached. The caller closes the attachment. */
  async exec(name: string, options: ExecOptions): Promise<Attachment> {
    return (await this.containers.exec(this.find(name), options, true)) as Attachment;
  }
  /** The same, left to itself. */
  async execDetached(name: string, options: ExecOptions): Promise<void> {
    await this.containers.exec(this.find(name), options, false);
  }
  /** Connects to the streams of a running container, from now on. The caller closes the attachment. */
  attach(name: string): Attachment {
    return attachContainer(this.containers.context, this.find(name));
  }
  async restart(name: string, timeout?: number, signal?: string): Promise<void> {
    await this.stop(name, timeout, signal);
    await this.start(name);
    tell(this.containers.context, this.find(name), 'restart');
  }
  pause(name: string): void {
    pauseContainer(this.containers.context, this.find(name));
  }
  unpause(name: string): void {
    unpauseContainer(this.containers.context, this.find(name));
  }
  /** Changes limits, at once if it runs, and the restart policy. */
  update(name: string, changes: UpdateOptions): void {
    updateContainer(this.containers.context, this.find(name), changes);
  }
  /** Watches the store's containers until the signal: health checks, log rotation, restart policies after a boot. */
  async monitor(task: MonitorTask = {}): Promise<void> {
    const { runMonitor } = await import('../container/monitor.ts');
    return runMonitor(this.containers.context, task);
  }
  /** What is due after a container's end: --rm, its restart policy. Nothing for one that runs. */
  async afterEnd(id: string): Promise<void> {
    const { afterEnd } = await import('../container/ended.ts');
    return afterEnd(this.containers.context, id);
  }
  wait(name: string, signal?: AbortSignal): Promise<number> {
    return this.containers.wait(this.find(name), signal);
  }
  /** Asks, then after `timeout` seconds (its own, or 10; −1: never) ends it. Ended already is fine. */
  stop(name: string, timeout?: number, signal?: string): Promise<void> {
    return this.containers.stop(this.find(name), timeout, signal);
  }
  kill(name: string, signal = 'SIGKILL'): void {
    this.containers.kill(this.find(name), signal);
  }
  /** With `volumes` the container's anonymous volumes go with it. */
  remove(name: string, force = false, volumes = false): Promise<void> {
    return this.containers.remove(this.find(name), force, volumes);
  }
  rename(name: string, newName: string): void {
    this.containers.rename(this.find(name), newName);
  }
  /** Puts a container on a network; at once if it runs. */
  connect(network: string, container: string, options: { ip?: string; aliases?: readonly string[] } = {}): void {
    const { ip, aliases } = options;
    const asked = { ...(ip === undefined ? {} : { address: ip }), ...(aliases === undefined ? {} : { aliases }) };
    this.#changingNetworks(container, (found) => this.networks.connect(network, found, asked));
  }
  disconnect(network: string, container: string): void {
    this.#changingNetworks(container, (found) => this.networks.disconnect(network, found));
  }

  #changingNetworks(name: string, change: (container: Connectable) => void): void {
    const row = this.find(name);
    const state = this.containers.reconcile(row);
    const pid = state.status === 'running' ? state.pid : null;
    const mode = row.record.options.network ?? 'none';
    const container = { id: row.id, name: row.name, pid, mode };
    followingNetworks(this.containers.context, row, pid !== null, () => change(container));
  }
}
