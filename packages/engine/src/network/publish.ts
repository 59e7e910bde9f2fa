import { closeSync } from 'node:fs';
import { MicaError } from '../error.ts';
import { holdPort } from '../system/port.ts';
import { parseIpv4 } from './ipv4.ts';
import type { PortSpec } from './port-spec.ts';
import type { PublishedPort } from './record.ts';

/**
 * Host ports taken for one container. Each is a bound socket that nothing ever reads: the container's
 * monitor inherits it, so the kernel itself sees that no other program on the machine takes the port, and
 * frees it when the monitor ends, however it ends. `close` gives up this process's copies.
 */
export class HeldPorts {
  readonly ports: readonly PublishedPort[];
  #descriptors: readonly number[];

  private constructor(ports: readonly PublishedPort[], descriptors: readonly number[]) {
    this.ports = ports;
    this.#descriptors = descriptors;
  }

  get descriptors(): readonly number[] {
    return this.#descriptors;
  }

  /** All or none. @throws MicaError port-in-use, worded as docker's */
  static take(specs: readonly PortSpec[], endpoint: string): HeldPorts {
    const ports: PublishedPort[] = [];
    const descriptors: number[] = [];
    try {
      for (const spec of specs) {
        const held = takeOne(spec, endpoint);
        descriptors.push(held.fd);
        const { protocol, hostIp, containerPort } = spec;
        ports.push({ protocol, hostIp, hostPort: held.port, containerPort });
      }
      return new HeldPorts(ports, descriptors);
    } catch (error) {
      for (const fd of descriptors) closeSync(fd);
      throw error;
    }
  }

  /** Idempotent. */
  close(): void {
    for (const fd of this.#descriptors) closeSync(fd);
    this.#descriptors = [];
  }
}

function takeOne(spec: PortSpec, endpoint: string): { fd: number; port: number } {
  const [from, to] = spec.hostPorts ?? [0, 0];
  for (let port = from; ; port++) {
    try {
      return holdPort(spec.protocol, parseIpv4(spec.hostIp) ?? 0, port);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EADDRINUSE' && port < to) continue;
      throw taken(spec, from === to ? `${from}` : `${from}-${to}`, endpoint, code, error);
    }
  }
}

function taken(spec: PortSpec, ports: string, endpoint: string, code: string | undefined, cause: unknown): MicaError {
  const where = `${spec.hostIp}:${ports}`;
  const why: Record<string, string> = {
    EADDRINUSE: 'address already in use',
    EADDRNOTAVAIL: 'cannot assign requested address',
    EACCES: 'permission denied',
  };
  return new MicaError(
    'port-in-use',
    `driver failed programming external connectivity on endpoint ${endpoint}: listen ${spec.protocol}4 ${where}: bind: ${why[code ?? ''] ?? String(cause)}`,
    {
      subject: where,
      hint:
        code === 'EADDRINUSE'
          ? `another container or program has it: mica ps shows containers, ss -ln${spec.protocol[0]}p 'sport = :${ports}' programs`
          : 'ip -4 addr shows the addresses of this machine',
      cause,
    },
  );
}
