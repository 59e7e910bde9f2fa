import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { basename, join } from 'node:path';
import { CommandFailed, run } from '../measure/process.ts';

const interfaces = '/sys/class/net';
/** The start of a bridge's alias; the run's folder follows. */
const mark = 'mica-bench ';

/** The bridge of a run's own daemon, named after its folder: docker0, and another run's, belong to others. */
function bridgeOf(folder: string): string {
  return `mb${basename(folder).slice(-6)}`;
}

/** Made, with an address of a subnet that no other interface here has; its name. @throws CommandFailed */
export function addBridge(folder: string): string {
  const name = bridgeOf(folder);
  run({ argv: ['ip', 'link', 'add', name, 'type', 'bridge'] });
  run({ argv: ['ip', 'link', 'set', 'dev', name, 'alias', `${mark}${folder}`] });
  run({ argv: ['ip', 'addr', 'add', `${freeAddress()}/24`, 'dev', name] });
  run({ argv: ['ip', 'link', 'set', name, 'up'] });
  return name;
}

/** Idempotent. */
export function removeBridge(folder: string): void {
  try {
    run({ argv: ['ip', 'link', 'del', bridgeOf(folder)] });
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
  }
}

/** The folders of all runs that have a bridge here, dead ones too. */
export function foldersWithBridge(): string[] {
  if (!existsSync(interfaces)) return [];
  return readdirSync(interfaces).flatMap((name) => {
    try {
      const alias = readFileSync(join(interfaces, name, 'ifalias'), 'utf8').trim();
      return alias.startsWith(mark) ? [alias.slice(mark.length)] : [];
    } catch {
      return []; // gone since its name was read, or no interface
    }
  });
}

function freeAddress(): string {
  const taken = new Set(Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address)));
  const from = Math.floor(Math.random() * 256); // two runs that look at the same moment seldom begin at the same
  for (let i = 0; i < 256; i++) {
    const address = `10.231.${(from + i) % 256}.1`;
    if (!taken.has(address)) return address;
  }
  throw new CommandFailed('no subnet of 10.231.0.0/16 is free');
}
