import type { Readable } from 'node:stream';
import { type EventQuery, readEvents } from '../container/events.ts';
import type { ContainerInspect } from '../container/inspect.ts';
import { logFiles } from '../container/rotate.ts';
import { type Usage, usageOf } from '../container/stats.ts';
import { type ProcessTable, topContainer } from '../container/top.ts';
import { type SystemUsage, systemUsage } from '../container/usage.ts';
import type { ContainerSummary, CopyOptions, CopyResult, LogLine, LogQuery } from '../contract/container.ts';
import { MicaError } from '../error.ts';
import type { EventRow } from '../store/event-records.ts';
import { OpenStore } from './open-store.ts';

/** What containers are, say and hold. */
export abstract class ContainerViews extends OpenStore {
  list(all = false, options: { readonly size?: boolean } = {}): ContainerSummary[] {
    return this.containers.list(all, options.size ?? false);
  }
  /** What {@link list} says of one. */
  summary(name: string): ContainerSummary {
    return this.containers.summary(this.find(name));
  }
  /** docker inspect's description; with `size` also the bytes of its writable layer. */
  inspect(name: string, options: { readonly size?: boolean } = {}): ContainerInspect {
    return this.containers.inspect(this.find(name), options.size ?? false);
  }
  /** Which streams it was made with. */
  streams(name: string): { readonly tty: boolean; readonly openStdin: boolean } {
    const { tty = false, openStdin = false } = this.find(name).record.options;
    return { tty, openStdin };
  }
  /** The container's processes, as ps(1) with these options shows them. */
  top(name: string, options: readonly string[] = []): ProcessTable {
    return topContainer(this.containers.context, this.find(name), options);
  }
  /** What it uses now; null when it does not run. */
  stats(name: string): Usage | null {
    return usageOf(this.containers.context, this.find(name));
  }
  /** docker system df: what images, containers and unpacked layers take, and what of it could go. */
  usage(): SystemUsage {
    return systemUsage(this.store, this.containers);
  }
  /** What happened to containers, in order. */
  events(query: EventQuery): AsyncIterable<EventRow> {
    return readEvents(this.containers.context, query, () => this.list(true));
  }
  /** What it wrote, in order; `follow` goes on until it ends. */
  async *logs(name: string, query: LogQuery = {}): AsyncIterable<LogLine> {
    const row = this.find(name);
    if (row.record.options.logDriver === 'none')
      throw new MicaError('not-supported', 'configured logging driver does not support reading', { subject: name });
    const { readLog } = await import('../container/logs.ts');
    const running = () => this.containers.isRunning(row.id);
    yield* readLog(logFiles(this.containers.context, row.id), query, running);
  }
  /** docker cp CONTAINER:PATH PATH: trailing slash, `/.` and symlinks as docker reads them. */
  async copyFrom(name: string, path: string, to: string, options: CopyOptions = {}): Promise<CopyResult> {
    const { copyFrom } = await import('../copy/copy.ts');
    return copyFrom(this.containers.context, this.find(name), path, to, options);
  }
  /** docker cp PATH CONTAINER:PATH; a stream is a tar to extract. */
  async copyTo(name: string, from: string | Readable, path: string, options: CopyOptions = {}): Promise<CopyResult> {
    const { copyTo } = await import('../copy/copy.ts');
    return copyTo(this.containers.context, this.find(name), from, path, options);
  }
  /** docker cp CONTAINER:PATH -: a tar. Destroy the stream to stop it. */
  async archive(name: string, path: string, options: CopyOptions = {}): Promise<Readable> {
    const { archiveOf } = await import('../copy/copy.ts');
    return archiveOf(this.containers.context, this.find(name), path, options);
  }
  /** The container's rootfs as a tar, without volumes. */
  async export(name: string, options: CopyOptions = {}): Promise<Readable> {
    const { exportContainer } = await import('../copy/copy.ts');
    return exportContainer(this.containers.context, this.find(name), options);
  }
}
