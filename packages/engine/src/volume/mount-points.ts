import { existsSync, statSync } from 'node:fs';
import { posix } from 'node:path';
import type { MountPoint, MountRequest } from '../contract/container.ts';
import { MicaError, wrapSystemError } from '../error.ts';
import { makeFolders } from '../system/make-folders.ts';
import { checkName, type Volumes } from './volumes.ts';

export interface MountSources {
  readonly requests: readonly MountRequest[];
  /** Mounts of the containers named by --volumes-from. */
  readonly inherited: readonly MountPoint[];
  /** Targets that the image's config declares as volumes. */
  readonly imageVolumes: readonly string[];
}

/**
 * What a new container mounts where: requests first, then what it takes over from others, then the
 * image's volumes; a target goes to the first that names it, twice among the requests is an error.
 * Checks all before the first volume is made. Sorted so that a mount comes before those below it.
 */
export function mountPoints(volumes: Volumes, sources: MountSources): MountPoint[] {
  const byTarget = new Map<string, () => MountPoint>();
  for (const request of sources.requests) {
    const target = checkTarget(request.target);
    if (byTarget.has(target))
      throw invalid(`Duplicate mount point: ${target}`, target, 'one -v, --mount or --tmpfs for each path');
    checkSource(request);
    byTarget.set(target, () => mountPoint(volumes, { ...request, target }));
  }
  for (const point of sources.inherited) if (!byTarget.has(point.target)) byTarget.set(point.target, () => point);
  for (const path of sources.imageVolumes) {
    const target = posix.normalize(posix.join('/', path)).replace(/(?<=.)\/$/, '');
    if (target !== '/' && !byTarget.has(target))
      byTarget.set(target, () => mountPoint(volumes, { type: 'volume', target }));
  }
  const depth = (path: string) => path.split('/').length;
  return [...byTarget.values()]
    .map((make) => make())
    .sort((a, b) => depth(a.target) - depth(b.target) || (a.target < b.target ? -1 : 1));
}

/** Makes the host's folders that `-v` may make; any other missing source is an error. Before every start. */
export function ensureSources(volumes: Volumes, points: readonly MountPoint[]): void {
  for (const point of points) {
    if (point.type === 'tmpfs') continue;
    if (point.type === 'volume' && point.name !== undefined) {
      volumes.makeDataDir(point.name);
      continue;
    }
    if (existsSync(point.source)) continue;
    if (!point.createSource) throw missingSource(point.source);
    try {
      makeFolders(point.source, 0o755);
    } catch (error) {
      throw wrapSystemError(error, 'error while creating mount source path', point.source);
    }
  }
}

function mountPoint(volumes: Volumes, request: MountRequest): MountPoint {
  const { type, target, source, labels, createSource, readOnly, mode, ...more } = request;
  const point = { ...more, type, target, readOnly: readOnly ?? false, mode: mode ?? '' };
  if (type === 'tmpfs') return { ...point, source: '' };
  if (type === 'bind') return { ...point, source: source as string, createSource: createSource ?? false };
  const volume = volumes.create({ ...(source ? { name: source } : {}), ...(labels ? { labels } : {}) });
  return { ...point, name: volume.name, source: volume.mountpoint };
}

function checkTarget(path: string): string {
  if (!path.startsWith('/')) throw invalid(`invalid mount path: '${path}' mount path must be absolute`, path);
  const target = posix.normalize(path).replace(/(?<=.)\/$/, '');
  if (target === '/') throw invalid("invalid specification: destination can't be '/'", path);
  if (path.includes('\0')) throw invalid('invalid mount path: it holds a zero byte', target);
  return target;
}

function checkSource(request: MountRequest): void {
  const { type, source } = request;
  if (type === 'volume' && source !== undefined) checkName(source);
  if (type !== 'bind') return;
  if (source === undefined || !source.startsWith('/'))
    throw invalid(
      `invalid mount config for type "bind": invalid mount path: '${source ?? ''}' mount path must be absolute`,
      source ?? '',
    );
  if (!request.createSource && statSync(source, { throwIfNoEntry: false }) === undefined) throw missingSource(source);
}

function missingSource(source: string): MicaError {
  return new MicaError(
    'no-such-path',
    `invalid mount config for type "bind": bind source path does not exist: ${source}`,
    { subject: source, hint: 'make it first; -v makes a missing folder by itself' },
  );
}

function invalid(message: string, subject: string, hint?: string): MicaError {
  return new MicaError('invalid-argument', message, { subject, ...(hint === undefined ? {} : { hint }) });
}
