import { existsSync, readFileSync } from 'node:fs';
import { MicaError } from '../error.ts';
import { findProgram } from '../runtime/oci-runtime.ts';
import type { NftSocket } from '../system/nftables.ts';
import { type Ended, runProgram } from '../system/spawn.ts';

/**
 * docker and host firewalls set iptables' FORWARD to drop; an accept of ours cannot lift a drop of
 * theirs. docker leaves DOCKER-USER to others; elsewhere the rule goes first in FORWARD. Our own table
 * still refuses what is not published. Nothing is run where no iptables rules exist. A rule that cannot be
 * taken away is let be: its interface is gone, nothing meets it.
 *
 * @throws MicaError runtime-failed when the rules cannot be read, or one cannot be inserted: the containers would be cut off, without a word
 */
export function passForeignFirewall(nft: Pick<NftSocket, 'hasTable'>, bridge: string, change: '-I' | '-D'): void {
  if (!nft.hasTable('filter') && !legacyTables().includes('filter')) return;
  const program = findProgram('iptables');
  if (program === null) return;
  const iptables = (...args: string[]): Ended => {
    try {
      return runProgram(program, ['-w', '5', ...args]);
    } catch (error) {
      return { status: 127, stdout: '', stderr: String(error) }; // as a shell has it, and no more for a removal
    }
  };
  /** null: there is no such chain, or no table that iptables can read. */
  const list = (chain: string) => {
    const done = iptables('-S', chain);
    if (done.status === 0) return done.stdout;
    // iptables exits with 1 for what is not there; with 4 where another one holds its lock, or without the right to look.
    if (done.status !== 1 && change === '-I') throw failure(`-S ${chain}`, done, bridge);
    return null;
  };
  const docker = list('DOCKER-USER') !== null;
  if (!docker && !/-P FORWARD DROP/.test(list('FORWARD') ?? '')) return;
  const chain = docker ? 'DOCKER-USER' : 'FORWARD';
  for (const side of ['-i', '-o']) {
    const rule = [change, chain, side, bridge, '-j', 'ACCEPT'];
    const done = iptables(...rule);
    // The chain was seen a moment ago: whoever made it took it away again.
    if (done.status === 0 || change === '-D' || /No chain\/target\/match/.test(done.stderr)) continue;
    throw failure(rule.join(' '), done, bridge);
  }
}

function failure(command: string, { status, stderr }: Ended, bridge: string): MicaError {
  const said = stderr || `exit code ${status}`;
  return new MicaError('runtime-failed', `iptables: ${said.trim().split('\n').at(-1)}`, {
    subject: bridge,
    hint: `without a rule this machine's firewall may drop what containers send; mend what keeps "iptables ${command}" from working, or use --network none or host`,
  });
}

function legacyTables(): string {
  const file = '/proc/net/ip_tables_names';
  return existsSync(file) ? readFileSync(file, 'latin1') : '';
}
