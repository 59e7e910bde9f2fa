import { posix } from 'node:path';
import { requireTexts } from '../argument.ts';
import { MicaError } from '../error.ts';
import { parseSignal } from '../system/signal.ts';
import type { Healthcheck, RunConfig } from './config.ts';
import { environment } from './environment.ts';
import { type Lookup, wordOf, wordsOf } from './words.ts';

type Mutable = { -readonly [K in keyof RunConfig]: RunConfig[K] };

/**
 * Applies Dockerfile instructions to an image's run config, in order: those that docker commit and
 * import take with `--change` (CMD ENTRYPOINT ENV EXPOSE HEALTHCHECK LABEL ONBUILD STOPSIGNAL USER
 * VOLUME WORKDIR). What is no command has its variables replaced, by those of the config.
 * @throws MicaError invalid-argument for anything else, and for one that is malformed
 */
export function applyInstructions(config: RunConfig, instructions: readonly string[]): RunConfig {
  requireTexts(instructions, 'changes');
  const made: Mutable = { ...config };
  let hasCommand = false;
  let any = instructions.length === 0;
  for (const line of instructions.flatMap((text) => text.split(/\r?\n/)).map((text) => text.trim())) {
    if (line === '' || line.startsWith('#')) continue;
    any = true;
    const [, word = '', rest = ''] = /^(\S+)\s*([\s\S]*)$/.exec(line) ?? [];
    const apply = verbs[word.toUpperCase()];
    if (!apply) throw bad(line, `${word.toUpperCase()} is not a valid change command`);
    if (rest === '' && !/^(CMD|ENTRYPOINT)$/i.test(word)) throw bad(line, `${word.toUpperCase()} needs an argument`);
    try {
      apply(made, rest.trim(), line);
    } catch (error) {
      throw error instanceof SyntaxError ? bad(line, error.message) : error;
    }
    // docker's: a command that was meant for another entry point is none for this.
    if (apply === verbs.CMD) hasCommand = true;
    if (apply === verbs.ENTRYPOINT && !hasCommand) made.Cmd = null;
  }
  if (!any) throw bad(instructions.join('\n'), 'file with no instructions');
  return made;
}

const verbs: Readonly<Record<string, (config: Mutable, text: string, line: string) => void>> = {
  CMD(config, text) {
    config.Cmd = commandOf(text, config.Shell);
  },
  ENTRYPOINT(config, text) {
    config.Entrypoint = commandOf(text, config.Shell);
  },
  ENV(config, text, line) {
    const set = pairs(text, line, variables(config)).map(([key, value]) => `${key}=${value}`);
    config.Env = environment(config.Env ?? [], set);
  },
  EXPOSE(config, text, line) {
    config.ExposedPorts = {
      ...config.ExposedPorts,
      ...named(listed(text, config).flatMap((word) => ports(word, line))),
    };
  },
  HEALTHCHECK(config, text, line) {
    config.Healthcheck = healthcheck(text, line, config.Shell);
  },
  LABEL(config, text, line) {
    config.Labels = { ...config.Labels, ...Object.fromEntries(pairs(text, line, variables(config))) };
  },
  ONBUILD(config, text, line) {
    if (/^(ONBUILD|FROM|MAINTAINER)\b/i.test(text))
      throw bad(line, `${text.split(/\s/)[0]} is not allowed as an ONBUILD`);
    config.OnBuild = [...(config.OnBuild ?? []), text];
  },
  STOPSIGNAL(config, text, line) {
    const signal = wordOf(text, variables(config));
    try {
      parseSignal(signal);
    } catch (error) {
      throw bad(line, (error as Error).message);
    }
    config.StopSignal = signal;
  },
  USER(config, text) {
    config.User = wordOf(text, variables(config));
  },
  VOLUME(config, text, line) {
    const lookup = variables(config);
    const list = json(text)?.map((path) => wordOf(path, lookup)) ?? wordsOf(text, lookup);
    if (list.length === 0) throw bad(line, 'VOLUME needs an argument');
    if (list.some((path) => path === '')) throw bad(line, 'VOLUME specified can not be an empty string');
    config.Volumes = { ...config.Volumes, ...named(list) };
  },
  WORKDIR(config, text, line) {
    const dir = wordOf(text, variables(config));
    if (dir === '') throw bad(line, 'WORKDIR specified can not be an empty string');
    config.WorkingDir = posix.resolve('/', config.WorkingDir ?? '', dir);
  },
};

/** A JSON list of strings, or null. @throws SyntaxError of a list of anything else */
function json(text: string): string[] | null {
  if (!text.startsWith('[')) return null;
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    return null; // as docker: no JSON, so it is for the shell
  }
  if (!Array.isArray(list) || list.some((item) => typeof item !== 'string'))
    throw new SyntaxError('when using JSON array syntax, arrays must be comprised of strings only');
  return list as string[];
}

/** The exec form as it is, the shell form under the image's shell, nothing as none. */
function commandOf(text: string, shell: readonly string[] | null | undefined): readonly string[] | null {
  const list = json(text);
  if (list) return list;
  return text === '' ? null : [...(shell?.length ? shell : ['/bin/sh', '-c']), text];
}

function variables({ Env }: RunConfig): Lookup {
  return (name) => Env?.findLast((entry) => entry.startsWith(`${name}=`))?.slice(name.length + 1);
}

/** Words of which one may become several: a variable with more than one. */
function listed(text: string, config: RunConfig): string[] {
  return wordsOf(text, variables(config)).flatMap((word) => word.split(/\s+/).filter((part) => part !== ''));
}

/** `KEY=VALUE …`, or the old form of one key and the rest of the line. */
function pairs(text: string, line: string, lookup: Lookup): [string, string][] {
  const [, key, value] = /^([^\s="'$\\]+)\s+([\s\S]+)$/.exec(text) ?? [];
  if (key !== undefined && value !== undefined) return [[key, wordOf(value, lookup)]];
  const list = wordsOf(text, lookup);
  if (list.length === 1 && !list[0]?.includes('=')) throw bad(line, 'must have two arguments');
  return list.map((word) => {
    const at = word.indexOf('=');
    if (at < 1) throw bad(line, `can't find = in "${word}". Must be of the form: name=value`);
    return [word.slice(0, at), word.slice(at + 1)];
  });
}

/** `80`, `80/udp`, `8000-8010/tcp`. */
function ports(word: string, line: string): string[] {
  const [, from, to = from, protocol = 'tcp'] = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp|sctp))?$/i.exec(word) ?? [];
  const [low, high] = [Number(from), Number(to)];
  if (from === undefined || low > high || high > 65535) throw bad(line, `invalid containerPort: ${word}`);
  return Array.from({ length: high - low + 1 }, (_, i) => `${low + i}/${protocol.toLowerCase()}`);
}

function named(names: readonly string[]): Record<string, object> {
  return Object.fromEntries(names.map((name) => [name, {}]));
}

const units: Readonly<Record<string, number>> = { ns: 1, us: 1e3, µs: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };
/** Go's duration: `1m30s`; nanoseconds, none or a millisecond at least. */
function duration(text: string, line: string): number {
  if (!/^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/.test(text)) throw bad(line, `invalid duration: ${text}`);
  let sum = 0;
  for (const [, n, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g))
    sum += Number(n) * (units[unit as string] as number);
  if (sum > 0 && sum < 1e6) throw bad(line, `${text} cannot be less than 1ms`);
  return Math.round(sum);
}

function healthcheck(text: string, line: string, shell: readonly string[] | null | undefined): Healthcheck {
  let rest = text;
  const made: { -readonly [K in keyof Healthcheck]: Healthcheck[K] } = {};
  for (let option = flag.exec(rest); option; option = flag.exec(rest)) {
    const [whole, name, value = ''] = option;
    rest = rest.slice(whole.length);
    if (name === 'interval') made.Interval = duration(value, line);
    else if (name === 'timeout') made.Timeout = duration(value, line);
    else if (name === 'start-period') made.StartPeriod = duration(value, line);
    else if (name === 'start-interval') made.StartInterval = duration(value, line);
    else if (name === 'retries' && /^\d+$/.test(value)) made.Retries = Number(value);
    else throw bad(line, `unknown flag: --${name}`);
  }
  if (/^NONE$/i.test(rest)) return { ...made, Test: ['NONE'] };
  const [, command] = /^CMD\s+([\s\S]+)$/i.exec(rest) ?? [];
  if (command === undefined) throw bad(line, 'HEALTHCHECK needs CMD or NONE');
  const list = json(command);
  const wrapped = list ? ['CMD', ...list] : shell?.length ? ['CMD', ...shell, command] : ['CMD-SHELL', command];
  return { ...made, Test: wrapped };
}
const flag = /^--([a-z-]+)=(\S+)\s*/;

function bad(line: string, why: string): MicaError {
  return new MicaError('invalid-argument', `invalid change '${line}': ${why}`, {
    subject: line,
    hint: 'as in a Dockerfile: CMD ENTRYPOINT ENV EXPOSE HEALTHCHECK LABEL ONBUILD STOPSIGNAL USER VOLUME WORKDIR',
  });
}
