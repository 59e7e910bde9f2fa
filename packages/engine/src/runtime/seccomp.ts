import { release } from 'node:os';
import { MicaError } from '../error.ts';
import defaults from './docker-defaults.json' with { type: 'json' };

/** runtime-spec config-linux.md, "Seccomp". */
export interface SeccompSpec {
  readonly defaultAction: string;
  readonly defaultErrnoRet?: number;
  readonly architectures?: readonly string[];
  readonly syscalls: readonly Rule[];
}
interface Rule {
  readonly names: readonly string[];
  readonly action: string;
  readonly args?: readonly unknown[];
  readonly errnoRet?: number;
}
/** docker's own form: the same, and rules that count only under conditions. */
interface DockerRule extends Rule {
  readonly includes?: Conditions;
  readonly excludes?: Conditions;
}
interface Conditions {
  readonly arches?: readonly string[];
  readonly caps?: readonly string[];
  readonly minKernel?: string;
}

/** What docker's default profile (moby, profiles/seccomp/default.json) opens to whoever holds a capability. */
const opened: Readonly<Record<string, string>> = {
  CAP_BPF: 'bpf',
  CAP_DAC_READ_SEARCH: 'open_by_handle_at',
  CAP_PERFMON: 'perf_event_open',
  CAP_SYSLOG: 'syslog',
  CAP_SYS_ADMIN:
    'bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie mount mount_setattr move_mount open_tree perf_event_open quotactl quotactl_fd setdomainname sethostname setns syslog umount umount2 unshare',
  CAP_SYS_BOOT: 'reboot',
  CAP_SYS_CHROOT: 'chroot',
  CAP_SYS_MODULE: 'delete_module init_module finit_module',
  CAP_SYS_NICE: 'get_mempolicy mbind set_mempolicy set_mempolicy_home_node',
  CAP_SYS_PACCT: 'acct',
  CAP_SYS_PTRACE: 'kcmp pidfd_getfd process_madvise process_vm_readv process_vm_writev ptrace',
  CAP_SYS_RAWIO: 'iopl ioperm',
  CAP_SYS_TIME: 'settimeofday stime clock_settime clock_settime64',
  CAP_SYS_TTY_CONFIG: 'vhangup',
};

/**
 * Address families of the sockets that docker's profile allows, with those below 12: the others, the kernel's
 * ciphers (AF_ALG 38) and a hypervisor's other machines (AF_VSOCK 40) among them, belong to no namespace.
 */
const families = [13, 14, 15, 16, 17, 18, 21, 22, 24, 26, 27, 28, 29, 30, 31, 32, 33, 35, 36, 39, 41, 42, 43, 44, 45];
const socket = (value: number, op: string): Rule => ({
  names: ['socket'],
  action: 'SCMP_ACT_ALLOW',
  args: [{ index: 0, value, op }],
});
const base: SeccompSpec = {
  ...defaults.seccomp,
  syscalls: [
    ...defaults.seccomp.syscalls,
    socket(12, 'SCMP_CMP_LT'),
    ...families.map((family) => socket(family, 'SCMP_CMP_EQ')),
  ],
};

/**
 * docker's default profile for a set of capabilities. runtime/docker-defaults.json has it resolved for
 * the default set, CAP_SYS_CHROOT the only one of it that the profile knows.
 */
export function defaultSeccomp(capabilities: readonly string[]): SeccompSpec {
  if (capabilities === defaults.capabilities) return base;
  const more = new Set(capabilities.flatMap((name) => opened[name]?.split(' ') ?? []));
  const noChroot = !capabilities.includes('CAP_SYS_CHROOT');
  // Without CAP_SYS_ADMIN clone3 says "not implemented", so that programs fall back to clone, whose flags can be seen.
  const syscalls = base.syscalls.flatMap((rule) => {
    const names = rule.names.filter(
      (name) => !(noChroot && name === 'chroot') && !(rule.action !== 'SCMP_ACT_ALLOW' && more.has(name)),
    );
    return names.length > 0 ? [{ ...rule, names }] : [];
  });
  if (more.size > 0) syscalls.push({ names: [...more], action: 'SCMP_ACT_ALLOW' });
  return { ...base, syscalls };
}

const architecture = ({ x64: 'amd64', arm64: 'arm64' } as Record<string, string>)[process.arch] ?? process.arch;
const kernelArchitectures: Readonly<Record<string, readonly string[]>> = {
  amd64: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32'],
  arm64: ['SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM'],
};

/** A profile of the user's, in docker's form. @throws MicaError invalid-format */
export function customSeccomp(
  profile: Readonly<Record<string, unknown>>,
  capabilities: readonly string[],
): SeccompSpec {
  const { defaultAction, defaultErrnoRet, architectures, syscalls } = profile;
  if (typeof defaultAction !== 'string' || (syscalls !== undefined && !Array.isArray(syscalls)))
    throw new MicaError('invalid-format', 'the seccomp profile has no defaultAction or its syscalls are no list', {
      hint: "it must be JSON in docker's form",
    });
  const rules = ((syscalls ?? []) as (DockerRule & { name?: string })[]).filter(
    ({ includes, excludes }) => holds(includes, capabilities, true) && !holds(excludes, capabilities, false),
  );
  return {
    defaultAction,
    ...(typeof defaultErrnoRet === 'number' ? { defaultErrnoRet } : {}),
    architectures: (architectures as string[] | undefined) ?? kernelArchitectures[architecture] ?? [],
    syscalls: rules.map(({ name, names, action, args, errnoRet }) => ({
      names: names ?? (name === undefined ? [] : [name]),
      action,
      ...(args?.length ? { args } : {}),
      ...(errnoRet === undefined ? {} : { errnoRet }),
    })),
  };
}

/** All conditions hold for `includes`, any of them for `excludes`; `empty` when there is none. */
function holds(conditions: Conditions | undefined, capabilities: readonly string[], empty: boolean): boolean {
  const { arches = [], caps = [], minKernel } = conditions ?? {};
  const said: boolean[] = [];
  if (arches.length > 0) said.push(arches.includes(architecture));
  if (caps.length > 0)
    said.push(
      empty ? caps.every((name) => capabilities.includes(name)) : caps.some((name) => capabilities.includes(name)),
    );
  if (minKernel) said.push(kernelAtLeast(minKernel));
  if (said.length === 0) return empty;
  return empty ? said.every(Boolean) : said.some(Boolean);
}

function kernelAtLeast(wanted: string): boolean {
  const [major = 0, minor = 0] = release().split('.').map(Number);
  const [wantedMajor = 0, wantedMinor = 0] = wanted.split('.').map(Number);
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}
