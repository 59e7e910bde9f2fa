import { spawnSync } from 'node:child_process';
import { release } from 'node:os';
import { findTools } from '@mica/engine';
import type { Command } from 'commander';
import { showDescription } from '../objects.ts';
import { version } from '../version.ts';

export function define(command: Command): void {
  command
    .option('-f, --format <string>', 'json, or a Go template: {{.Server.Version}}')
    .addHelpText('after', "\nExample:\n  mica version -f '{{.Client.Version}}'")
    .action(({ format }: { format?: string }) => showDescription(describe(), format, text));
}

interface Version {
  readonly Platform: { readonly Name: string };
  readonly Version: string;
  readonly NodeVersion: string;
  readonly Os: string;
  readonly Arch: string;
  readonly KernelVersion: string;
}
interface Component {
  readonly Name: string;
  readonly Version: string;
  readonly Path: string;
}
interface Versions {
  readonly Client: Version;
  /** No daemon: the engine is in the same program, so that docker's `{{.Server.Version}}` has its answer. */
  readonly Server: Version & { readonly Components: readonly Component[] };
}

function describe(): Versions {
  const own: Version = {
    Platform: { Name: 'Mica' },
    Version: version,
    NodeVersion: process.versions.node,
    Os: process.platform,
    Arch: process.arch === 'x64' ? 'amd64' : process.arch,
    KernelVersion: release(),
  };
  return { Client: own, Server: { ...own, Components: components() } };
}

/** What containers need besides, as each says of itself. */
function components(): Component[] {
  return findTools().map(({ name, path }) => {
    const said = path === null ? '' : (spawnSync(path, ['--version'], { encoding: 'utf8' }).stdout ?? '');
    return { Name: name, Version: /\d+\.\d[\w.+~-]*/.exec(said)?.[0] ?? 'not installed', Path: path ?? '' };
  });
}

function text({ Client, Server }: Versions): string {
  const line = (name: string, value: string) => ` ${`${name}:`.padEnd(19)}${value}\n`;
  const parts = Server.Components.map(({ Name, Version, Path }) =>
    line(Name, Path === '' ? Version : `${Version} (${Path})`),
  );
  return `Mica:\n${line('Version', Client.Version)}${line('Node version', Client.NodeVersion)}${line(
    'OS/Arch',
    `${Client.Os}/${Client.Arch}`,
  )}${line('Kernel', Client.KernelVersion)}\nRuntime parts:\n${parts.join('')}`;
}
