import type { NetworkSummary } from '@mica/engine';
import type { Command } from 'commander';
import { report, withEngine } from '../session.ts';

export function define(command: Command): void {
  command
    .argument('<network...>')
    .addHelpText('after', '\nExample:\n  mica network inspect back')
    .action((names: string[], _options: object, command: Command) =>
      withEngine(command, (engine) => {
        const found = names.flatMap((name) => {
          try {
            return [documentOf(engine.networks.inspect(name))];
          } catch (error) {
            process.exitCode = report(error);
            return [];
          }
        });
        process.stdout.write(`${JSON.stringify(found, null, 4)}\n`);
      }),
    );
}

/** docker's own document (Engine API, NetworkInspect). */
function documentOf(network: NetworkSummary): object {
  const { subnet, gateway } = network;
  return {
    Name: network.name,
    Id: network.id,
    Created: network.created,
    Scope: 'local',
    Driver: network.driver,
    EnableIPv6: false,
    IPAM: { Driver: 'default', Options: {}, Config: subnet === null ? [] : [{ Subnet: subnet, Gateway: gateway }] },
    Internal: network.internal,
    Attachable: false,
    Ingress: false,
    Containers: Object.fromEntries(
      network.containers.map(({ id, name, address, mac }) => [
        id,
        { Name: name, MacAddress: mac, IPv4Address: address, IPv6Address: '' },
      ]),
    ),
    Options: network.bridge === null ? {} : { 'com.docker.network.bridge.name': network.bridge },
    Labels: network.labels,
  };
}
