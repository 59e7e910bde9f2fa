import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { MicaError, type MountRequest } from '@mica/engine';

/** What may stand after the last colon of -v, one of a kind (docker's volume/mounts/linux_parser.go). */
const modeKinds: readonly (readonly string[])[] = [
  ['ro', 'rw'],
  ['z', 'Z'],
  ['private', 'rprivate', 'slave', 'rslave', 'shared', 'rshared'],
  ['nocopy'],
  ['consistent', 'cached', 'delegated'],
];

/** `-v [SOURCE:]TARGET[:OPTIONS]`. A source that begins with `/` or `.` is a path of the host, any other a volume's name. */
export function parseVolume(raw: string): MountRequest {
  const parts = raw.split(':');
  if (raw === '')
    throw new MicaError('invalid-argument', 'invalid empty volume spec', {
      subject: '--volume',
      exitCode: 125,
      hint: '-v VOLUME:/PATH, -v /HOST/PATH:/PATH, each with :ro for read-only',
    });
  if (parts.length > 1 && parts.some((part) => part === ''))
    throw invalid(`invalid spec: ${raw}: empty section between colons`, raw);
  if (parts.length > 3) throw invalid(`invalid spec: ${raw}: too many colons`, raw);
  const [first = '', target, mode = ''] = parts;
  if (target === undefined) return { type: 'volume', target: absolute(first, raw, 'volume'), mode: '' };
  if (parts.length === 2 && isMode(target)) throw invalid(`invalid volume specification: '${raw}'`, raw);
  const words = checkMode(mode);
  const isPath = first.startsWith('/') || first.startsWith('.');
  const common = {
    target: absolute(target, raw, isPath ? 'bind' : 'volume'),
    readOnly: words.includes('ro'),
    mode,
  };
  if (!isPath) {
    if (words.some((word) => propagations.includes(word))) throw invalid(`invalid mode: ${mode}`, raw);
    return { ...common, type: 'volume', source: first, noCopy: words.includes('nocopy') };
  }
  if (words.includes('nocopy')) throw invalid(`invalid mode: ${mode}`, raw);
  const propagation = words.find((word) => propagations.includes(word));
  return {
    ...common,
    type: 'bind',
    source: resolve(first),
    createSource: true,
    ...(propagation === undefined ? {} : { propagation: checkPropagation(propagation) }),
  };
}

const propagations = modeKinds[2] as readonly string[];

function isMode(text: string): boolean {
  return text.split(',').every((word) => modeKinds.some((kind) => kind.includes(word)));
}

function checkMode(mode: string): readonly string[] {
  if (mode === '') return [];
  const words = mode.split(',');
  const twice = modeKinds.some((kind) => words.filter((word) => kind.includes(word)).length > 1);
  if (!isMode(mode) || twice) throw invalid(`invalid mode: ${mode}`, mode);
  if (words.some((word) => word === 'z' || word === 'Z') && existsSync('/sys/fs/selinux/enforce'))
    throw new MicaError('not-supported', `relabelling for SELinux (${mode}) is not supported`, {
      subject: mode,
      hint: 'relabel the folder with chcon -Rt container_file_t and leave z and Z out',
      exitCode: 125,
    });
  return words;
}

/** The rootfs is in a mount namespace of Mica's own: what a container mounts cannot reach the host. */
export function checkPropagation(word: string): NonNullable<MountRequest['propagation']> {
  if (word === 'shared' || word === 'rshared')
    throw new MicaError('not-supported', `mount propagation ${word} is not supported`, {
      subject: word,
      hint: `with ${word.replace('shared', 'slave')} the host's mounts reach the container`,
      exitCode: 125,
    });
  if (!propagations.includes(word)) throw invalid(`invalid propagation mode: ${word}`, word);
  return word as NonNullable<MountRequest['propagation']>;
}

function absolute(target: string, raw: string, type?: 'bind' | 'volume'): string {
  if (target.startsWith('/')) {
    if (/^\/+$/.test(target))
      throw invalid(`invalid volume specification: '${raw}': invalid specification: destination can't be '/'`, raw);
    return target;
  }
  const config = type === undefined ? '' : `invalid mount config for type "${type}": `;
  throw invalid(
    `invalid volume specification: '${raw}': ${config}invalid mount path: '${target}' mount path must be absolute`,
    raw,
    `what is mounted goes to a path of the container that begins with /: ${raw === target ? `/${raw}` : raw.replace(`:${target}`, `:/${target}`)}`,
  );
}

/** Options of mount(8) that a tmpfs takes (docker's pkg/mount, validFlags). */
const tmpfsFlags =
  /^(|defaults|(no)?(exec|suid|dev|atime|diratime|relatime|strictatime)|r[ow]|relatime|strictatime|(size|mode|uid|gid|nr_inodes|nr_blocks|mpol)=.+)$/;

/** `--tmpfs TARGET[:OPTIONS]`. */
export function parseTmpfs(raw: string): MountRequest {
  const at = raw.indexOf(':');
  const target = absolute(at < 0 ? raw : raw.slice(0, at), raw);
  const options = at < 0 ? [] : raw.slice(at + 1).split(',');
  for (const option of options) if (!tmpfsFlags.test(option)) throw invalid(`Invalid tmpfs option "${option}"`, raw);
  return {
    type: 'tmpfs',
    target,
    readOnly: options.includes('ro'),
    mode: '',
    options: options.filter((option) => !['', 'ro', 'rw', 'defaults'].includes(option)),
  };
}

function invalid(message: string, subject: string, hint?: string): MicaError {
  return new MicaError('invalid-argument', message, { subject, ...(hint === undefined ? {} : { hint }) });
}
