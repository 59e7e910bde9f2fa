import { MicaError } from '../error.ts';

/** docker's other two networks: names that mean a mode, not a bridge. */
export const modes: readonly string[] = ['host', 'none'];

export function modeId(name: string): string {
  return (name === 'host' ? '1' : '0').repeat(64);
}

/** Whether it names a network that Mica makes, and not a mode. */
export function isBridge(mode: string): boolean {
  return !modes.includes(mode) && !mode.startsWith('container:');
}

/** A container as far as networks go: `mode` is what it was made with, a network or a mode. */
export interface Member {
  readonly id: string;
  readonly name: string;
  readonly mode: string;
}

const byHost = 'container cannot be disconnected from host network or connected to host network';

/** Its namespace stays what it was made with, so it cannot come on `network`. @throws MicaError conflict, in docker's words */
export function refuseConnect({ name, mode }: Member, network: string): void {
  if (!isBridge(mode) && mode !== 'none')
    throw refused(
      'container sharing network namespace with another container or host cannot be connected to any other network',
      name,
    );
  if (mode === 'none' || network === 'none')
    throw refused(
      'container cannot be connected to multiple networks with one of the networks in private (none) mode',
      name,
    );
  if (network === 'host') throw refused(byHost, name);
}

/** Nor can it leave `network`, one of the `modes`. @throws MicaError conflict */
export function refuseDisconnect({ id, name, mode }: Member, network: string): never {
  if (mode !== network) throw new MicaError('conflict', notConnected(id, network), { subject: name });
  throw refused(network === 'host' ? byHost : `container cannot be disconnected from ${network} network`, name);
}

export function notConnected(container: string, network: string): string {
  return `container ${container} is not connected to network ${network}`;
}
function refused(message: string, subject: string): MicaError {
  return new MicaError('conflict', message, { subject, hint: 'make the container anew, with --network NAME' });
}
