import { MicaError } from '../error.ts';
import { parseIpv4 } from './ipv4.ts';

/** One published port as asked for; `hostPorts` is where to look for a free one, null anywhere. */
export interface PortSpec {
  readonly protocol: 'tcp' | 'udp';
  readonly hostIp: string; // 0.0.0.0 for every address
  readonly hostPorts: readonly [from: number, to: number] | null;
  readonly containerPort: number;
}

/** docker's -p: `[[IP:][HOST]:]CONTAINER[/PROTO]`, either port a range. @throws MicaError invalid-argument, docker's words */
export function parsePublish(text: string): PortSpec[] {
  const [, ports = '', proto = 'tcp'] = /^([^/]*)(?:\/(.*))?$/.exec(text) ?? [];
  const protocol = parseProtocol(proto, text);
  if (ports.startsWith('['))
    throw new MicaError('not-supported', `publishing on an IPv6 address is not supported: ${text}`, {
      subject: text,
      hint: 'give an IPv4 address, or none for all of them',
      exitCode: 125,
    });
  const fields = ports.split(':');
  if (fields.length > 3) throw invalid(text, `invalid IP address: ${ports}`);
  const [container = '', host = '', ip = ''] = fields.toReversed();
  if (ip !== '' && parseIpv4(ip) === null) throw invalid(text, `invalid IP address: ${ip}`);
  const inside = parseRange(container, 'containerPort', text);
  const outside = host === '' ? null : parseRange(host, 'hostPort', text);
  const hostIp = ip || '0.0.0.0';
  const one = inside[0] === inside[1];
  if (outside && !one && outside[1] - outside[0] !== inside[1] - inside[0])
    throw invalid(text, `invalid ranges specified for container and host Ports: ${container} and ${host}`);
  return Array.from({ length: inside[1] - inside[0] + 1 }, (_, at) => ({
    protocol,
    hostIp,
    hostPorts: outside && !one ? [outside[0] + at, outside[0] + at] : outside,
    containerPort: inside[0] + at,
  }));
}

/** `80`, `80/udp`, `7000-7010/tcp`: of --expose and of an image's ExposedPorts. */
export function parseExpose(text: string): { port: number; protocol: 'tcp' | 'udp' }[] {
  const [ports = '', proto = 'tcp'] = text.split('/', 2);
  const protocol = parseProtocol(proto, text);
  if (!/^\d+(-\d+)?$/.test(ports)) throw invalid(text, `invalid port format for --expose: ${text}`);
  const [from, to] = parseRange(ports, 'port', text);
  return Array.from({ length: to - from + 1 }, (_, at) => ({ port: from + at, protocol }));
}

function parseRange(text: string, what: string, all: string): [number, number] {
  const [from = '', to = from] = text.split('-', 2);
  const range: [number, number] = [Number(from), Number(to)];
  if (text === '') throw invalid(all, `no port specified: ${all}<empty>`);
  if (!/^\d+(-\d+)?$/.test(text) || range[0] < 1 || range[1] > 65535 || range[0] > range[1])
    throw invalid(all, `invalid ${what}: ${text}`);
  return range;
}

function parseProtocol(text: string, all: string): 'tcp' | 'udp' {
  const protocol = text.toLowerCase();
  if (protocol === 'tcp' || protocol === 'udp') return protocol;
  if (protocol === 'sctp')
    throw new MicaError('not-supported', `publishing sctp ports is not supported: ${all}`, {
      subject: all,
      exitCode: 125,
      hint: 'tcp and udp are there: leave the port out, or use --network host',
    });
  throw invalid(all, `invalid proto: ${text}`);
}

function invalid(subject: string, message: string): MicaError {
  return new MicaError('invalid-argument', message, {
    subject,
    hint: 'expected [[IP:][HOST_PORT]:]CONTAINER_PORT[/tcp|udp], a port or a range FROM-TO',
    exitCode: 125,
  });
}
