import { MicaError } from '@mica/engine';
import type { Command } from 'commander';
import { withEngine } from '../session.ts';
import { print } from '../standard-output.ts';

export function define(command: Command): void {
  command
    .argument('<container>')
    .argument('[port]', 'of the container: 80 or 80/udp')
    .addHelpText('after', '\nExample:\n  mica port web 80')
    .action((name: string, wanted: string | undefined, _options: object, command: Command) =>
      withEngine(command, (engine) => {
        const ports = engine.containers.summary(name).ports;
        if (wanted === undefined) {
          const lines = ports.map((one) => `${one.containerPort}/${one.protocol} -> ${one.hostIp}:${one.hostPort}\n`);
          print(lines.sort().join(''));
          return;
        }
        if (!/^\d{1,5}(\/\w+)?$/.test(wanted))
          throw new MicaError('invalid-argument', `invalid port (${wanted}): it is none`, {
            subject: wanted,
            hint: 'expected PORT[/tcp|udp], such as 80 or 53/udp',
          });
        const [port, protocol = 'tcp'] = wanted.split('/');
        const found = ports.filter((one) => Number(port) === one.containerPort && protocol === one.protocol);
        if (found.length === 0)
          throw new MicaError('invalid-argument', `no public port '${port}/${protocol}' published for ${name}`, {
            subject: wanted,
            hint: `mica port ${name} lists them`,
          });
        print(found.map((one) => `${one.hostIp}:${one.hostPort}\n`).join(''));
      }),
    );
}
