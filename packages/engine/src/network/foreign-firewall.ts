import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { MicaError } from '../error.ts';
import { findProgram } from '../runtime/oci-runtime.ts';
import type { NftSocket } from '../system/nftables.ts';

/**
 * docker and host firewalls set iptables' FORWARD to drop; an accept of ours cannot lift a drop of
 * theirs. docker leaves DOCKER-USER to others; elsewhere the rule goes first in FORWARD. Our own table
 * still refuses what is not published. Nothing is run where no iptables rules exist. A rule that cannot be
 * taken away is let be: its interface is gone, nothing meets it.
 *
 * @throws MicaError runtime-failed when a rule cannot be inserted: the containers would be cut off, without a word
 */
export function passForeignFirewall(nft: Pick<NftSocket, 'hasTable'>, bridge: string, change: '-I' | '-D'): void {
  if (!nft.hasTable('filter') && !legacyTables().includes('filter')) return;
  const program = findProgram('iptables');
  if (program === null) return;
  const iptables = (...args: string[]) => spawnSync(program, ['-w', '5', ...args], { encoding: 'utf8' });
  const docker = iptables('-S', 'DOCKER-USER').status === 0;
  if (!docker && !/-P FORWARD DROP/.test(iptables('-S', 'FORWARD').stdout ?? '')) return;
  const chain = docker ? 'DOCKER-USER' : 'FORWARD';
  for (const side of ['-i', '-o']) {
    const rule = [change, chain, side, bridge, '-j', 'ACCEPT'];
    const { status, stderr, error } = iptables(...rule);
    // The chain was seen a moment ago: whoever made it took it away again.
    if (status === 0 || change === '-D' || /No chain\/target\/match/.test(stderr ?? '')) continue;
    throw new MicaError('runtime-failed', `iptables: ${(stderr || String(error)).trim().split('\n').at(-1)}`, {
      subject: bridge,
      hint: `without the rule this machine's firewall drops what containers send; mend what keeps "iptables ${rule.join(' ')}" from working, or use --network none or host`,
    });
  }
}

function legacyTables(): string {
  const file = '/proc/net/ip_tables_names';
  return existsSync(file) ? readFileSync(file, 'latin1') : '';
}
