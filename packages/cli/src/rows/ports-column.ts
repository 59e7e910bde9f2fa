import type { ContainerSummary, PublishedPort } from '@mica/engine';

/** docker ps's PORTS: `0.0.0.0:8000-8001->80-81/tcp, 443/tcp`. Neighbours are drawn together. */
export function portsColumn({
  ports,
  exposed,
  status,
}: Pick<ContainerSummary, 'ports' | 'exposed' | 'status'>): string {
  if (status !== 'running' && status !== 'paused') return '';
  const sorted = [...ports].sort(
    (a, b) =>
      a.containerPort - b.containerPort ||
      a.hostPort - b.hostPort ||
      (a.protocol + a.hostIp < b.protocol + b.hostIp ? -1 : 1),
  );
  const runs: { first: PublishedPort; last: PublishedPort }[] = [];
  for (const port of sorted) {
    const run = runs.find(
      ({ last }) =>
        last.hostIp === port.hostIp &&
        last.protocol === port.protocol &&
        last.hostPort + 1 === port.hostPort &&
        last.containerPort + 1 === port.containerPort,
    );
    if (run) run.last = port;
    else runs.push({ first: port, last: port });
  }
  const range = (from: number, to: number) => (from === to ? `${from}` : `${from}-${to}`);
  const published = runs.map(
    ({ first, last }) =>
      `${first.hostIp}:${range(first.hostPort, last.hostPort)}->${range(first.containerPort, last.containerPort)}/${first.protocol}`,
  );
  const open = new Set(ports.map((port) => `${port.containerPort}/${port.protocol}`));
  return [...published, ...exposed.filter((port) => !open.has(port))].join(', ');
}
