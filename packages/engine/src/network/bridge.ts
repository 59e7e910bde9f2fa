import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { MicaError, wrapSystemError } from '../error.ts';
import { requireProgram } from '../runtime/oci-runtime.ts';
import { NftSocket } from '../system/nftables.ts';
import { randomBytes } from '../system/random.ts';
import { RouteSocket } from '../system/rtnetlink.ts';
import { runProgram } from '../system/spawn.ts';
import { forgetInterface, isOfAnother, noteInterface, sweepAbandoned } from './abandoned.ts';
import { passForeignFirewall } from './foreign-firewall.ts';
import { overlaps, parseIpv4, parseSubnet } from './ipv4.ts';
import type { Network, NetworkState } from './record.ts';
import { networkElements, publishedElements, rulesetOf } from './ruleset.ts';
import type { Scope } from './scope.ts';
import { freeSubnet } from './subnet.ts';

/** Sees that a network's interface and rules are there. Under the lock. Idempotent: two looks when all is well. @throws MicaError store-damaged */
export function bringUp(scope: Scope, network: Network): Network {
  if (network.record.damaged)
    throw new MicaError(
      'store-damaged',
      `network ${network.name} is damaged: what mica.db says of it is not readable`,
      {
        subject: network.name,
        hint: `mica network rm ${network.name} removes it: then make it anew, and connect its containers`,
      },
    );
  using links = new RouteSocket();
  using nft = new NftSocket();
  const isMissing = () => links.find(network.record.bridge) === undefined;
  if (isMissing() || isOfAnother(scope, network.record.bridge)) sweepAbandoned(scope);
  const missing = isMissing();
  try {
    const up = missing ? addBridge(scope, network, links) : network;
    if (!nft.hasTable(scope.table)) restoreRules(scope, nft, up);
    else if (missing) nft.add(scope.table, networkElements(up.record));
    if (missing) passForeignFirewall(nft, up.record.bridge, '-I');
    return up;
  } catch (error) {
    if (missing) takeDown(scope, network);
    throw error;
  }
}

/** Takes the interface away, and the rules with the store's last one. Under the lock. */
export function takeDown(scope: Scope, network: Network): void {
  using links = new RouteSocket();
  using nft = new NftSocket();
  if (links.deleteLink(network.record.bridge)) passForeignFirewall(nft, network.record.bridge, '-D');
  const others = scope.store.networks.list<NetworkState>().filter(({ id }) => id !== network.id);
  if (others.some(({ record }) => links.find(record.bridge))) nft.remove(scope.table, networkElements(network.record));
  else nft.deleteTable(scope.table);
  forgetInterface(scope, network.record.bridge);
}

function addBridge(scope: Scope, network: Network, links: RouteSocket): Network {
  const taken = links.ranges();
  let state = network.record;
  if (taken.some((range) => overlaps(range, parseSubnet(state.subnet)))) {
    if (state.fixed)
      throw new MicaError(
        'conflict',
        `the subnet ${state.subnet} of network ${network.name} overlaps another one of this machine`,
        {
          subject: network.name,
          hint: 'ip route shows them; make the network anew with another --subnet',
        },
      );
    // Something else took it while no container was on the network: nothing holds on to it, so move.
    state = { ...state, ...freeSubnet(scope, taken), last: 0 };
    scope.store.networks.update(network.id, state);
  }
  const mac = Buffer.concat([Buffer.from([0x02, 0x42]), randomBytes(4)]);
  noteInterface(scope, state.bridge);
  links.createBridge(state.bridge, mac, parseIpv4(state.gateway) ?? 0, parseSubnet(state.subnet).prefix);
  set('/proc/sys/net/ipv4/ip_forward', '1');
  set(`/proc/sys/net/ipv4/conf/${state.bridge}/route_localnet`, '1');
  set(`/proc/sys/net/ipv6/conf/${state.bridge}/disable_ipv6`, '1');
  return { ...network, record: state };
}

/** Writes the rules and all that belongs in them: also after somebody's `nft flush ruleset`. */
function restoreRules(scope: Scope, nft: NftSocket, network: Network): void {
  const done = runProgram(requireProgram('nft', 'nftables'), ['-f', '-'], { input: rulesetOf(scope.table) });
  if (done.status !== 0)
    throw new MicaError('runtime-failed', `nft: ${(done.stderr || `exit code ${done.status}`).trim().split('\n')[0]}`, {
      hint: 'does this kernel have nf_tables with nat and fib? --network none and host need none of it',
    });
  const leased = scope.store.networks.leased<unknown, Parameters<typeof publishedElements>[0]>();
  const live = new Set(leased.map((endpoint) => endpoint.network)).add(network.id);
  const networks = scope.store.networks.list<NetworkState>().filter(({ id }) => live.has(id));
  nft.add(scope.table, [
    ...networks.flatMap(({ id, record }) => networkElements(id === network.id ? network.record : record)),
    ...leased.flatMap(({ lease }) => (lease ? publishedElements(lease) : [])),
  ]);
}

function set(file: string, value: string): void {
  if (!existsSync(file) || readFileSync(file, 'latin1').trim() === value) return;
  try {
    writeFileSync(file, value);
  } catch (error) {
    throw wrapSystemError(error, 'set', file);
  }
}
