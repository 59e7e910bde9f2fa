import { CommandFailed } from '../measure/process.ts';
import { onPath } from '../measure/tools.ts';
import { Buildah } from './buildah.ts';
import { Docker } from './docker.ts';
import { Mica } from './mica.ts';
import type { Opened, Peer, PeerName } from './peer.ts';
import { Umoci } from './umoci.ts';

/** Debian's packages, for the hint. */
const packages: Record<Exclude<PeerName, 'mica'>, readonly [command: string, package_: string]> = {
  docker: ['dockerd', 'docker.io'],
  buildah: ['buildah', 'buildah'],
  umoci: ['umoci', 'umoci'],
};

/** Opens an engine with its store in `folder`; an engine that is not there or does not start says why. */
export async function openPeer(name: PeerName, folder: string): Promise<Opened> {
  if (name === 'mica') return { peer: new Mica(folder) };
  const [command, debian] = packages[name];
  if (!onPath(command)) return { absent: `NOT MEASURED: ${command} is not installed (apt-get install ${debian})` };
  if (name === 'docker' && !onPath('docker')) return { absent: 'NOT MEASURED: no docker command (docker.io has it)' };
  if (process.getuid?.() !== 0) return { absent: 'NOT MEASURED: needs root' };
  try {
    const peer: Peer =
      name === 'docker' ? await Docker.open(folder) : name === 'buildah' ? new Buildah(folder) : new Umoci(folder);
    return { peer };
  } catch (error) {
    if (error instanceof CommandFailed) return { absent: `NOT MEASURED: ${error.message}` };
    throw error;
  }
}
