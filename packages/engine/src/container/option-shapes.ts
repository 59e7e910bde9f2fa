import { requireObject, shown } from '../argument.ts';
import type { CreateOptions } from '../contract/container.ts';
import { MicaError } from '../error.ts';
import { byName, fields, listOf, object, orNone, orNull, type Shape, text, whole } from '../store/shape.ts';

const yes: Shape = (value) => typeof value === 'boolean';
const positive: Shape = (value) => typeof value === 'number' && value >= 0 && value < Number.POSITIVE_INFINITY;
const natural: Shape = (value) => whole(value) && (value as number) >= 0;
/** Bytes, or −1 for no limit. */
const limit: Shape = (value) => whole(value) && (value as number) >= -1;
const texts = listOf(text);
/** What the kernel is given as a C string. */
const cString: Shape = (value) => text(value) && !(value as string).includes('\0');
const cStrings = listOf(cString);
const variables = listOf((value) => cString(value) && /^[^=]/.test(value as string));
const port: Shape = (value) => natural(value) && (value as number) <= 65_535;
const hostPorts: Shape = (value) => listOf(port)(value) && (value as unknown[]).length === 2;

/**
 * What each option of a container is, by its type: a caller without TypeScript may give anything, and a stored record
 * may come back otherwise than it was written. What a value means is checked where it is used.
 */
const shapes: Readonly<Record<keyof CreateOptions, Shape>> = {
  image: text,
  name: text,
  command: cStrings,
  entrypoint: cStrings,
  env: variables,
  labels: byName(text),
  workdir: cString,
  user: cString,
  hostname: cString,
  domainname: cString,
  tty: yes,
  openStdin: yes,
  readOnly: yes,
  remove: yes,
  runtime: text,
  mounts: listOf(
    fields({
      type: (value) => value === 'bind' || value === 'volume' || value === 'tmpfs',
      source: orNone(cString),
      target: cString,
      labels: orNone(byName(text)),
      options: orNone(cStrings),
    }),
  ),
  volumesFrom: texts,
  network: text,
  ip: text,
  macAddress: text,
  networkAliases: texts,
  moreNetworks: texts,
  ports: listOf(fields({ protocol: text, hostIp: text, hostPorts: orNull(hostPorts), containerPort: port })),
  publishAll: yes,
  expose: texts,
  dns: texts,
  dnsSearch: texts,
  dnsOptions: texts,
  addHosts: texts,
  memory: limit,
  memorySwap: limit,
  memoryReservation: limit,
  cpus: positive,
  cpuShares: natural,
  cpuPeriod: natural,
  cpuQuota: limit,
  cpusetCpus: text,
  cpusetMems: text,
  pidsLimit: limit,
  blkioWeight: natural,
  ulimits: listOf(fields({ name: text, soft: limit, hard: limit })),
  oomScoreAdj: whole,
  oomKillDisable: yes,
  shmSize: natural,
  cgroupParent: text,
  memorySwappiness: limit,
  capAdd: texts,
  capDrop: texts,
  privileged: yes,
  seccomp: orNull(object),
  noNewPrivileges: yes,
  apparmor: text,
  systemPathsUnconfined: yes,
  devices: listOf(fields({ source: text, target: text, access: text })),
  sysctls: byName(text),
  groupAdd: texts,
  ipc: text,
  pid: text,
  uts: text,
  cgroupns: text,
  deviceRules: texts,
  init: yes,
  restart: fields({ name: text, maximumRetries: natural }),
  health: fields({
    test: orNone(texts),
    interval: orNone(whole),
    timeout: orNone(whole),
    startPeriod: orNone(whole),
    startInterval: orNone(whole),
    retries: orNone(whole),
  }),
  stopSignal: text,
  stopTimeout: limit,
  stdinOnce: yes,
  logDriver: text,
  logMaxSize: natural,
  logMaxFile: natural,
  logLabels: text,
  logEnv: text,
};

/** Whether a stored record's options are what was written there; a number's bounds may have been others at that time. */
export const storedOptions: Shape = (value) =>
  object(value) &&
  text(value.image) &&
  Object.entries(value).every(([name, one]) => isFit(name, typeof one === 'number' ? 0 : one));

/** @throws MicaError invalid-argument: an option that is not of its type, before anything is made of it */
export function requireOptions(options: object): void {
  requireObject(options, 'options');
  for (const [name, value] of Object.entries(options))
    if (!isFit(name, value))
      throw new MicaError('invalid-argument', `invalid ${name}: ${shown(value)}`, {
        subject: name,
        hint: `see the type of ${name} in CreateOptions, or ExecOptions`,
      });
}

/** An option that no version knows is no harm. */
function isFit(name: string, value: unknown): boolean {
  const shape = (shapes as Readonly<Record<string, Shape>>)[name];
  return shape === undefined || orNone(shape)(value);
}
