import { requireText } from '../argument.ts';
import { MicaError } from '../error.ts';
import { type Digest, isDigest } from './digest.ts';

/**
 * A name that points at an image, normalised as docker does: `busybox` is `docker.io/library/busybox:latest`.
 * A reference holds a tag, a digest or both; the default tag is filled in only when it has neither.
 */
export interface Reference {
  readonly domain: string; // docker.io, localhost:5000, [::1]:5000
  readonly repository: string; // library/busybox
  readonly tag?: string;
  readonly digest?: Digest;
  /** As a user writes it: busybox:latest. */
  readonly familiar: string;
  /** In full: docker.io/library/busybox:latest. */
  readonly canonical: string;
}

// The grammar of distribution/reference (regexp.go): names, tags, IPv6 hosts in brackets.
const label = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const domainShape = new RegExp(`^(?:${label}(?:\\.${label})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?$`);
const component = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const tagShape = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const maxRepository = 255;
const maxText = 4096;

/** @throws MicaError invalid-reference, worded as docker's */
export function parseReference(text: string): Reference {
  if (typeof text !== 'string') requireText(text, 'reference');
  if (text.length > maxText) throw invalid(`${text.slice(0, 64)}…`, 'repository name must not be longer than 255');
  if (/^[a-f0-9]{64}$/.test(text))
    throw new MicaError(
      'invalid-reference',
      `invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`,
      { subject: text, hint: 'that is the form of an ID: choose another name' },
    );
  let rest = text;
  let digest: Digest | undefined;
  const at = rest.indexOf('@');
  if (at >= 0) {
    const written = rest.slice(at + 1);
    if (!isDigest(written)) throw invalid(text);
    digest = written;
    rest = rest.slice(0, at);
  }
  const { domain, remainder } = splitDomain(rest);
  const colon = remainder.indexOf(':');
  const repository = colon < 0 ? remainder : remainder.slice(0, colon);
  let tag = colon < 0 ? undefined : remainder.slice(colon + 1);
  if (repository !== repository.toLowerCase()) throw invalid(text, 'repository name must be lowercase');
  if (!domainShape.test(domain) || !repository.split('/').every((part) => component.test(part))) throw invalid(text);
  if (tag !== undefined && !tagShape.test(tag)) throw invalid(text);
  if (repository.length > maxRepository) throw invalid(text, 'repository name must not be longer than 255');
  if (tag === undefined && digest === undefined) tag = 'latest';
  return build(domain, repository, tag, digest);
}

/**
 * A name that an image is about to get. docker's: none is `sha256:abc`, which would stand before the image whose ID
 * begins so wherever one is named by that. @throws MicaError invalid-reference
 */
export function parseNewName(text: string): Reference {
  const reference = parseReference(text);
  if (familiarName(reference) !== 'sha256') return reference;
  throw new MicaError('invalid-reference', 'refusing to create an ambiguous tag using digest algorithm as name', {
    subject: text,
    hint: 'choose another name: sha256:… is the form of an ID',
  });
}

/** The same name under another tag or digest. */
export function withTag(reference: Reference, tag: string): Reference {
  return build(reference.domain, reference.repository, tag, undefined);
}
export function withDigest(reference: Reference, digest: Digest): Reference {
  return build(reference.domain, reference.repository, undefined, digest);
}

/** The familiar name without tag or digest: docker's REPOSITORY column. */
export function familiarName(reference: Pick<Reference, 'domain' | 'repository'>): string {
  if (reference.domain !== 'docker.io') return `${reference.domain}/${reference.repository}`;
  const short = reference.repository.replace(/^library\//, '');
  // library/x/y stays as it is: x/y would be read as another repository.
  return short.includes('/') ? reference.repository : short;
}

function build(domain: string, repository: string, tag: string | undefined, digest: Digest | undefined): Reference {
  const suffix = `${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
  return {
    domain,
    repository,
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest }),
    familiar: familiarName({ domain, repository }) + suffix,
    canonical: `${domain}/${repository}${suffix}`,
  };
}

/** What stands before the first slash is a host only if it looks like one (normalize.go, splitDockerDomain). */
function splitDomain(name: string): { domain: string; remainder: string } {
  const slash = name.indexOf('/');
  const head = name.slice(0, slash);
  const isHost = slash >= 0 && (/[.:]/.test(head) || head === 'localhost' || head !== head.toLowerCase());
  let domain = isHost ? head : 'docker.io';
  let remainder = isHost ? name.slice(slash + 1) : name;
  if (domain === 'index.docker.io') domain = 'docker.io';
  if (domain === 'docker.io' && !remainder.includes('/')) remainder = `library/${remainder}`;
  return { domain, remainder };
}

function invalid(text: string, why?: string): MicaError {
  return new MicaError('invalid-reference', `invalid reference format${why === undefined ? '' : `: ${why}`}`, {
    subject: text,
    hint: 'a name is [HOST[:PORT]/]REPOSITORY[:TAG][@DIGEST], in lower case up to the tag',
  });
}

/** As it is shown; a name that a damaged store has, and that is none, as it stands there. */
export function familiarOf(name: string): string {
  try {
    return parseReference(name).familiar;
  } catch {
    return name;
  }
}
