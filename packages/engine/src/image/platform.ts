import { requireText } from '../argument.ts';
import { MicaError } from '../error.ts';
import type { ImageConfig } from './config.ts';
import type { Descriptor, Platform } from './descriptor.ts';

const architectures: Partial<Record<NodeJS.Architecture, string>> = { x64: 'amd64', ia32: '386' };

/** What this machine runs. */
export function hostPlatform(): Platform {
  const architecture = architectures[process.arch] ?? process.arch;
  return { os: 'linux', architecture, ...(architecture === 'arm64' ? { variant: 'v8' } : {}) };
}

/** What may stand alone for a platform; containerd's platforms/database.go has the same lists. */
const systems = new Set(
  'aix android darwin dragonfly freebsd hurd illumos ios js linux nacl netbsd openbsd plan9 solaris windows zos'.split(
    ' ',
  ),
);
const known = new Set(
  (
    '386 amd64 amd64p32 arm armbe arm64 arm64be ppc64 ppc64le loong64 mips mipsle mips64 mips64le mips64p32 ' +
    'mips64p32le ppc riscv riscv64 s390 s390x sparc sparc64 wasm x86_64 aarch64 i386 armhf'
  ).split(' '),
);

/** `os/arch[/variant]`, `arch` or `os`, with the names people use for them. @throws MicaError invalid-argument */
export function parsePlatform(text: string): Platform {
  requireText(text, 'platform');
  const parts = text.toLowerCase().split('/');
  const [first = ''] = parts;
  if (parts.length === 1 && systems.has(first)) return { ...hostPlatform(), os: first };
  const fits = parts.length === 1 ? known.has(first) : parts.every((part) => /^[a-z0-9_.-]+$/.test(part));
  if (parts.length > 3 || !fits)
    throw new MicaError('invalid-argument', `"${text}": unknown operating system or architecture`, {
      subject: text,
      hint: 'a platform is OS/ARCH[/VARIANT]: linux/amd64, linux/arm64, linux/arm/v7',
    });
  const [os = 'linux', arch = '', variant] = parts.length === 1 ? ['linux', parts[0]] : parts;
  const architecture = { x86_64: 'amd64', aarch64: 'arm64', i386: '386', armhf: 'arm' }[arch] ?? arch;
  return { os, architecture, ...(variant ? { variant } : architecture === 'arm64' ? { variant: 'v8' } : {}) };
}

export function platformText(platform: Platform): string {
  return [platform.os, platform.architecture, platform.variant].filter(Boolean).join('/');
}

/**
 * The manifest for a platform: the same variant, else the nearest one below it that the platform runs
 * (an armv7 runs v6), else one that names no variant. Undefined when there is none.
 */
export function choosePlatform<T extends Pick<Descriptor, 'platform'>>(
  manifests: readonly T[],
  wanted: Platform,
): T | undefined {
  const fit = manifests.filter(
    ({ platform }) => platform?.os === wanted.os && platform.architecture === wanted.architecture,
  );
  const level = (variant: unknown) => Number(/^v(\d+)$/.exec(String(variant))?.[1] ?? 0);
  const most = wanted.variant === undefined ? Infinity : level(wanted.variant);
  return (
    fit.find(({ platform }) => platform?.variant === wanted.variant) ??
    fit
      .filter(({ platform }) => level(platform?.variant) <= most)
      .sort((a, b) => level(b.platform?.variant) - level(a.platform?.variant))[0]
  );
}

/** Whether {@link choosePlatform} would take an image of this config, were it alone. */
export function runsOn(config: Pick<ImageConfig, 'os' | 'architecture' | 'variant'>, wanted: Platform): boolean {
  const { os, architecture, variant } = config;
  return choosePlatform([{ platform: { os, architecture, ...(variant ? { variant } : {}) } }], wanted) !== undefined;
}
