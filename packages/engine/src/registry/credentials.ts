import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { MicaError, wrapSystemError } from '../error.ts';
import { isObject, type JsonObject, parseJsonObject } from '../image/json.ts';
import { nameBeside } from '../store/beside.ts';
import { makeFolders } from '../system/make-folders.ts';

export type Credential =
  | { readonly kind: 'password'; readonly username: string; readonly password: string }
  /** An OAuth2 refresh token: docker's identitytoken. */
  | { readonly kind: 'identity'; readonly username: string; readonly token: string }
  /** A bearer token to be sent as it is: docker's registrytoken. */
  | { readonly kind: 'bearer'; readonly token: string };

/** docker.io's key in docker's file, from the days of the first registry. */
const hubKey = 'https://index.docker.io/v1/';

/**
 * docker's own `config.json` and credential helpers, read and written as docker does, so that one login
 * serves both. What is in it is handed to the registry it belongs to and to nobody else; nothing of it is
 * kept in the store or told in an error.
 */
export class CredentialStore {
  readonly path: string;

  constructor(folder = process.env.DOCKER_CONFIG || join(homedir(), '.docker')) {
    this.path = join(folder, 'config.json');
  }

  /** @throws MicaError when the file or the helper cannot be used; null when there is nothing for the host */
  async get(host: string): Promise<Credential | null> {
    const config = this.#read();
    const key = keyOf(host);
    const helper = helperOf(config, key);
    if (helper !== null) return fromHelper(helper, key);
    const auths = isObject(config.auths) ? config.auths : {};
    // docker has written a host with and without scheme and path.
    const found =
      Object.keys(auths).find((name) => name === key) ?? Object.keys(auths).find((name) => bare(name) === bare(key));
    const entry = found === undefined ? undefined : auths[found];
    return isObject(entry) ? fromEntry(entry, this.path) : null;
  }

  /** Where it went: a helper's name, or the file. */
  async store(host: string, credential: Credential): Promise<{ helper: string | null }> {
    const config = this.#read();
    const key = keyOf(host);
    const helper = helperOf(config, key);
    const secret = credential.kind === 'password' ? credential.password : credential.token;
    const username = credential.kind === 'password' ? credential.username : '<token>';
    const auths = { ...(isObject(config.auths) ? config.auths : {}) };
    if (helper !== null) {
      await runHelper(helper, 'store', JSON.stringify({ ServerURL: key, Username: username, Secret: secret }));
      auths[key] = {};
    } else
      auths[key] =
        credential.kind === 'password'
          ? { auth: Buffer.from(`${credential.username}:${secret}`).toString('base64') }
          : credential.kind === 'identity'
            ? { auth: Buffer.from(`${credential.username}:`).toString('base64'), identitytoken: secret }
            : { registrytoken: secret };
    this.#write({ ...config, auths });
    return { helper };
  }

  /** Whether there was anything to forget. */
  async erase(host: string): Promise<boolean> {
    const config = this.#read();
    const key = keyOf(host);
    const auths = { ...(isObject(config.auths) ? config.auths : {}) };
    const names = Object.keys(auths).filter((name) => bare(name) === bare(key));
    const helper = helperOf(config, key);
    const known = names.length > 0 || (helper !== null && (await this.get(host)) !== null);
    if (helper !== null && known) await runHelper(helper, 'erase', key);
    for (const name of names) delete auths[name];
    if (names.length > 0) this.#write({ ...config, auths });
    return known;
  }

  #read(): JsonObject {
    let bytes: Uint8Array;
    try {
      bytes = readFileSync(this.path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
      throw wrapSystemError(error, 'read', this.path);
    }
    return parseJsonObject(bytes, this.path, 1 << 20);
  }

  /** A link stays one, as docker has it. Killed in between, a login leaves a password: the next change takes it away. */
  #write(config: JsonObject): void {
    let temporary: string | undefined;
    try {
      makeFolders(dirname(this.path), 0o700);
      const path = existsSync(this.path) ? realpathSync(this.path) : this.path;
      temporary = nameBeside(path);
      writeFileSync(temporary, `${JSON.stringify(config, null, '\t')}\n`, { mode: 0o600, flag: 'wx' });
      renameSync(temporary, path);
    } catch (error) {
      if (temporary !== undefined) rmSync(temporary, { force: true });
      throw wrapSystemError(error, 'write', this.path);
    }
  }
}

function keyOf(host: string): string {
  return host === 'docker.io' ? hubKey : host;
}
function bare(name: string): string {
  return name.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
}

function helperOf(config: JsonObject, key: string): string | null {
  const helpers = isObject(config.credHelpers) ? config.credHelpers : {};
  const name = helpers[key] ?? config.credsStore;
  if (typeof name !== 'string' || name === '') return null;
  if (!/^[\w.-]+$/.test(name))
    throw new MicaError('invalid-format', `credential helper ${JSON.stringify(name)} has no valid name`);
  return name;
}

function fromEntry(entry: JsonObject, path: string): Credential | null {
  if (typeof entry.registrytoken === 'string' && entry.registrytoken !== '')
    return { kind: 'bearer', token: entry.registrytoken };
  let username = typeof entry.username === 'string' ? entry.username : '';
  let password = typeof entry.password === 'string' ? entry.password : '';
  if (typeof entry.auth === 'string' && entry.auth !== '') {
    const decoded = Buffer.from(entry.auth, 'base64').toString();
    const colon = decoded.indexOf(':');
    if (colon < 0)
      throw new MicaError('invalid-format', `${path}: an auth is not user:password in base64`, { subject: path });
    username = decoded.slice(0, colon);
    password = decoded.slice(colon + 1).replace(/\0+$/, '');
  }
  if (typeof entry.identitytoken === 'string' && entry.identitytoken !== '')
    return { kind: 'identity', username, token: entry.identitytoken };
  return username === '' ? null : { kind: 'password', username, password };
}

async function fromHelper(helper: string, key: string): Promise<Credential | null> {
  const answer = await runHelper(helper, 'get', key);
  if (answer === null) return null;
  const { Username, Secret } = parseJsonObject(Buffer.from(answer), `answer of docker-credential-${helper}`, 1 << 20);
  if (typeof Username !== 'string' || typeof Secret !== 'string' || Secret === '') return null;
  return Username === '<token>'
    ? { kind: 'identity', username: '', token: Secret }
    : { kind: 'password', username: Username, password: Secret };
}

/** docker's protocol (docker-credential-helpers): everything goes through standard input, nothing through argv. */
async function runHelper(helper: string, action: 'get' | 'store' | 'erase', input: string): Promise<string | null> {
  const program = `docker-credential-${helper}`;
  const child = spawn(program, [action], { stdio: ['pipe', 'pipe', 'ignore'] });
  child.stdin.on('error', () => {}); // one that does not read its input closes the pipe
  child.stdin.end(input);
  const exit = once(child, 'close') as Promise<[number | null]>;
  let answer: string;
  let code: number | null;
  try {
    [answer, [code]] = await Promise.all([text(child.stdout), exit]);
  } catch (cause) {
    throw new MicaError('missing-tool', `${program} cannot be run`, {
      subject: program,
      hint: "install it, or take credsStore and credHelpers out of docker's config.json",
      cause,
    });
  }
  if (code === 0) return answer;
  if (action === 'get' && /not found/i.test(answer)) return null;
  // What it printed may hold a secret: only that it failed is told.
  throw new MicaError('registry-failed', `${program} ${action} failed with exit code ${code}`, { subject: program });
}
