/**
 * Fields of docker's own types that its JSON leaves out while they are empty. A template finds them all the
 * same: `{{if .State.Health}}` is how one asks for a health check.
 */
const absent: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  State: { Health: null },
  Config: { ExposedPorts: new Map(), Healthcheck: null, StopSignal: '', StopTimeout: null },
  HostConfig: { Init: null, Mounts: [], Sysctls: new Map(), Tmpfs: new Map() },
};

/** Gives a struct of that field's name what it has not; outside its JSON, as in docker. */
export function withAbsent<T extends object>(struct: T, field: string): T {
  for (const [name, value] of Object.entries(absent[field] ?? {}))
    if (!Object.hasOwn(struct, name)) Object.defineProperty(struct, name, { value, enumerable: false });
  return struct;
}
