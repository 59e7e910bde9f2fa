import { readFileSync } from 'node:fs';
import { arch, cpus, hostname, release, totalmem } from 'node:os';
import { type Engine, findTools } from '@mica/engine';
import type { Command } from 'commander';
import { humanSize } from '../format.ts';
import { showDescription } from '../objects.ts';
import { withEngine } from '../session.ts';
import { version } from '../version.ts';

export function define(command: Command): void {
  command
    .option('-f, --format <string>', 'json, or a Go template: {{.Containers}}')
    .addHelpText('after', "\nExample:\n  mica info -f '{{.Driver}} {{.NCPU}}'")
    .action(({ format }: { format?: string }, command: Command) =>
      withEngine(command, (engine) => showDescription(describe(engine), format, text)),
    );
}

/** docker's names for what is the same here. */
interface Info {
  readonly ServerVersion: string;
  readonly Containers: number;
  readonly ContainersRunning: number;
  readonly ContainersPaused: number;
  readonly ContainersStopped: number;
  readonly Images: number;
  readonly Driver: string;
  readonly DockerRootDir: string;
  readonly CgroupVersion: string;
  readonly DefaultRuntime: string;
  readonly Runtimes: Readonly<Record<string, { readonly path: string }>>;
  readonly KernelVersion: string;
  readonly OperatingSystem: string;
  readonly OSType: string;
  readonly Architecture: string;
  readonly NCPU: number;
  readonly MemTotal: number;
  readonly Name: string;
  readonly Warnings: readonly string[];
}

function describe(engine: Engine): Info {
  const containers = engine.containers.list(true);
  const count = (wanted: string) => containers.filter(({ status }) => status === wanted).length;
  const tools = findTools();
  const runtimes = tools.flatMap(({ name, path }) =>
    path !== null && (name === 'crun' || name === 'runc') ? [[name, { path }] as const] : [],
  );
  return {
    ServerVersion: version,
    Containers: containers.length,
    ContainersRunning: count('running'),
    ContainersPaused: count('paused'),
    ContainersStopped: containers.length - count('running') - count('paused'),
    Images: engine.images.list().length,
    Driver: 'overlay',
    DockerRootDir: engine.root,
    CgroupVersion: cgroupVersion(),
    DefaultRuntime: runtimes[0]?.[0] ?? 'none',
    Runtimes: Object.fromEntries(runtimes),
    KernelVersion: release(),
    OperatingSystem: operatingSystem(),
    OSType: 'linux',
    Architecture: arch() === 'x64' ? 'x86_64' : arch() === 'arm64' ? 'aarch64' : arch(),
    NCPU: cpus().length,
    MemTotal: totalmem(),
    Name: hostname(),
    Warnings: warnings(tools),
  };
}

function warnings(tools: ReturnType<typeof findTools>): string[] {
  const missing = (name: string) => tools.every((tool) => tool.name !== name || tool.path === null);
  const found: string[] = [];
  if (process.getuid?.() !== 0) found.push('not root: no container can run; unpack and commit --from work');
  if (missing('crun') && missing('runc')) found.push('neither crun nor runc is installed: no container can run');
  if (missing('conmon')) found.push('conmon is not installed: no container can run');
  if (missing('nft')) found.push('nft is not installed: no container network but none and host');
  return found;
}

function cgroupVersion(): string {
  return read('/proc/mounts').includes(' /sys/fs/cgroup cgroup2 ') ? '2' : '1';
}
function operatingSystem(): string {
  return /^PRETTY_NAME="?(.*?)"?$/m.exec(read('/etc/os-release'))?.[1] ?? 'Linux';
}
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // not there: nothing to tell
  }
}

function text(info: Info): string {
  const lines: [string, string | number][] = [
    ['Containers', info.Containers],
    [' Running', info.ContainersRunning],
    [' Paused', info.ContainersPaused],
    [' Stopped', info.ContainersStopped],
    ['Images', info.Images],
    ['Mica Version', info.ServerVersion],
    ['Storage Driver', info.Driver],
    ['Store', info.DockerRootDir],
    ['Cgroup Version', info.CgroupVersion],
    ['Runtimes', Object.keys(info.Runtimes).join(' ') || 'none'],
    ['Default Runtime', info.DefaultRuntime],
    ['Kernel Version', info.KernelVersion],
    ['Operating System', info.OperatingSystem],
    ['Architecture', info.Architecture],
    ['CPUs', info.NCPU],
    ['Total Memory', humanSize(info.MemTotal)],
    ['Name', info.Name],
  ];
  return [
    ...lines.map(([name, value]) => `${name}: ${value}`),
    ...info.Warnings.map((one) => `WARNING: ${one}`),
    '',
  ].join('\n');
}
