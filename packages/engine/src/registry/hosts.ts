import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'smol-toml';
import { MicaError, wrapSystemError } from '../error.ts';
import { isObject } from '../image/json.ts';
import type { Reference } from '../reference/reference.ts';

/** Where a repository can be reached: one of several places, in the order they are tried. */
export interface Endpoint {
  /** HOST[:PORT] */
  readonly host: string;
  readonly repository: string;
  /** May be spoken to without TLS, or with a certificate nobody vouches for. */
  readonly insecure: boolean;
  /** Mirrors are read from, never written to. */
  readonly mirror: boolean;
  /** Whose credentials are used: the registry's name as the user writes it. */
  readonly account: string;
}

interface Rule {
  readonly prefix: string;
  readonly location: string;
  readonly insecure: boolean;
  readonly blocked: boolean;
  readonly digestOnly: boolean;
  readonly mirrors: readonly { readonly location: string; readonly insecure: boolean; readonly digestOnly: boolean }[];
}

/** The first of these that is there is read (containers-registries.conf(5), version 2). */
function configFiles(): string[] {
  const own = process.env.MICA_REGISTRIES_CONF ?? process.env.CONTAINERS_REGISTRIES_CONF;
  if (own) return [own];
  const home = process.env.XDG_CONFIG_HOME || join(homedir(), '.config');
  return [join(home, 'mica/registries.conf'), '/etc/mica/registries.conf', '/etc/containers/registries.conf'];
}

/** Which places serve which repositories: `registries.conf`, and what the caller calls insecure. */
export class Hosts {
  readonly #rules: readonly Rule[];
  readonly #insecure: ReadonlySet<string>;

  constructor(insecure: readonly string[] = []) {
    this.#insecure = new Set(insecure);
    this.#rules = readRules();
  }

  /** The mirrors first, then the place itself. @throws MicaError not-supported when the registry is blocked */
  pull(reference: Reference): Endpoint[] {
    const name = `${reference.domain}/${reference.repository}`;
    const rule = this.#rule(name);
    const byDigest = reference.digest !== undefined;
    const mirrors = (rule?.mirrors ?? []).filter(({ digestOnly }) => !(digestOnly || rule?.digestOnly) || byDigest);
    const at = (location: string, insecure: boolean, mirror: boolean) => {
      const [host = '', ...path] = `${location}${name.slice(rule?.prefix.length ?? 0)}`.split('/');
      return this.#endpoint(host, path.join('/'), insecure, mirror, mirror ? host : reference.domain);
    };
    if (rule === null) return [this.#endpoint(reference.domain, reference.repository, false, false, reference.domain)];
    return [
      ...mirrors.map(({ location, insecure }) => at(location, insecure, true)),
      at(rule.location, rule.insecure, false),
    ];
  }

  push(reference: Reference): Endpoint {
    return this.pull(reference).at(-1) as Endpoint;
  }

  #endpoint(host: string, repository: string, insecure: boolean, mirror: boolean, account: string): Endpoint {
    const real = host === 'docker.io' ? 'registry-1.docker.io' : host;
    return {
      host: real,
      repository,
      mirror,
      account,
      insecure: insecure || this.#insecure.has(host) || isLoopback(host),
    };
  }

  #rule(name: string): Rule | null {
    const fits = this.#rules.filter(({ prefix }) => name === prefix || name.startsWith(`${prefix}/`));
    const rule = fits.sort((a, b) => b.prefix.length - a.prefix.length)[0] ?? null;
    if (rule?.blocked)
      throw new MicaError('not-supported', `registry ${rule.prefix} is blocked in registries.conf`, { subject: name });
    return rule;
  }
}

export function isLoopback(host: string): boolean {
  const name = host.replace(/:\d+$/, '');
  return name === 'localhost' || name === '[::1]' || /^127(\.\d+){3}$/.test(name);
}

function readRules(): Rule[] {
  const path = configFiles().find((file) => existsSync(file));
  if (path === undefined) return [];
  let config: unknown;
  try {
    config = parse(readFileSync(path, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall !== undefined) throw wrapSystemError(error, 'read', path);
    throw new MicaError('invalid-format', `${path}: ${(error as Error).message.split('\n')[0]}`, {
      subject: path,
      cause: error,
    });
  }
  const list = isObject(config) && Array.isArray(config.registry) ? config.registry : [];
  return list.map((item: unknown) => {
    const bad = (why: string) => new MicaError('invalid-format', `${path}: a [[registry]] ${why}`, { subject: path });
    if (!isObject(item)) throw bad('is no table');
    const location = typeof item.location === 'string' ? item.location : item.prefix;
    const prefix = typeof item.prefix === 'string' ? item.prefix : location;
    if (typeof location !== 'string' || typeof prefix !== 'string') throw bad('has neither prefix nor location');
    const mirrors = Array.isArray(item.mirror) ? item.mirror : [];
    return {
      prefix,
      location,
      insecure: item.insecure === true,
      blocked: item.blocked === true,
      digestOnly: item['mirror-by-digest-only'] === true,
      mirrors: mirrors.map((mirror: unknown) => {
        if (!isObject(mirror) || typeof mirror.location !== 'string') throw bad('has a mirror without location');
        return {
          location: mirror.location,
          insecure: mirror.insecure === true,
          digestOnly: mirror['pull-from-mirror'] === 'digest-only',
        };
      }),
    };
  });
}
