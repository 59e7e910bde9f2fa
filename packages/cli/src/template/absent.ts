/**
 * Fields of docker's own types that its JSON leaves out while they are empty. A template finds them all the
 * same: `{{if .State.Health}}` is how one asks for a health check.
 */
const absent: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  '': { SizeRw: null, SizeRootFs: null, Container: '', DockerVersion: '' },
  State: { Health: null },
  Config: {
    ExposedPorts: new Map(),
    Healthcheck: null,
    StopSignal: '',
    StopTimeout: null,
    // An image's, in docker before 29.
    Hostname: '',
    Domainname: '',
    Image: '',
    Tty: false,
    OpenStdin: false,
    StdinOnce: false,
    AttachStdin: false,
    AttachStdout: false,
    AttachStderr: false,
  },
  HostConfig: { Init: null, Mounts: [], Sysctls: new Map(), Tmpfs: new Map() },
  Mounts: { Name: '', Driver: '' },
};
/** Fields whose name in docker's own types is not that of their JSON: a template may say either. */
const alsoCalled: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  '': { ID: 'Id', VirtualSize: 'Size' },
  HostConfig: {
    NanoCPUs: 'NanoCpus',
    CPUShares: 'CpuShares',
    CPUPeriod: 'CpuPeriod',
    CPUQuota: 'CpuQuota',
    CPURealtimePeriod: 'CpuRealtimePeriod',
    CPURealtimeRuntime: 'CpuRealtimeRuntime',
    DNS: 'Dns',
    DNSOptions: 'DnsOptions',
    DNSSearch: 'DnsSearch',
  },
};

/** Gives a struct of that field's name, or of the list's it is in, what it has not; outside its JSON, as in docker. */
export function withAbsent<T extends object>(struct: T, field: string): T {
  const give = (name: string, value: unknown) => {
    if (!Object.hasOwn(struct, name)) Object.defineProperty(struct, name, { value, enumerable: false });
  };
  for (const [name, value] of Object.entries(absent[field] ?? {})) give(name, value);
  for (const [name, json] of Object.entries(alsoCalled[field] ?? {}))
    if (Object.hasOwn(struct, json)) give(name, (struct as Record<string, unknown>)[json]);
  return struct;
}
