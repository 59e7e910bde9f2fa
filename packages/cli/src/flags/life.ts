import { type HealthOptions, type LifeOptions, MicaError, type RestartPolicy } from '@mica/engine';
import { type FlagGroup, many } from './flag-group.ts';
import { bytesOf, duration, given, integer } from './values.ts';

export interface LifeFlags {
  readonly healthCmd?: string;
  readonly healthInterval?: number;
  readonly healthRetries?: number;
  readonly healthStartInterval?: number;
  readonly healthStartPeriod?: number;
  readonly healthTimeout?: number;
  /** false: --no-healthcheck */
  readonly healthcheck: boolean;
  readonly init?: boolean;
  readonly logDriver?: string;
  readonly logOpt: string[];
  readonly restart?: string;
  readonly stopSignal?: string;
  readonly stopTimeout?: number;
}

export const life: FlagGroup<LifeFlags> = {
  add(command) {
    command
      .option('--health-cmd <command>', 'what tells whether it is healthy')
      .option('--health-interval <time>', 'between two checks, 30s', duration('--health-interval'))
      .option('--health-retries <number>', 'failures that make it unhealthy', integer('--health-retries'))
      .option('--health-start-interval <time>', 'between two at the start', duration('--health-start-interval'))
      .option('--health-start-period <time>', 'in which failures do not count', duration('--health-start-period'))
      .option('--health-timeout <time>', 'after which a check has failed', duration('--health-timeout'))
      .option('--no-healthcheck', "not the image's either")
      .option('--init', 'a first process that reaps orphans and passes signals on')
      .option('--log-driver <name>', 'k8s-file, for which json-file is taken, local (5 files of 20m) or none')
      .option('--log-opt <key=value>', 'max-size, max-file, and labels, env for logs --details', many, [] as string[])
      .option('--restart <policy>', 'no, on-failure[:MAX], always or unless-stopped')
      .option('--stop-signal <signal>', 'what stop sends first')
      .option('--stop-timeout <seconds>', 'how long stop waits', integer('--stop-timeout'));
  },
  read(flags) {
    const { logDriver } = flags;
    if (logDriver && !['k8s-file', 'json-file', 'local', 'none'].includes(logDriver))
      throw new MicaError('not-supported', `logger: no log driver named '${logDriver}' is supported`, {
        subject: '--log-driver',
        hint: 'leave it out: logs are kept in files, mica logs shows them',
      });
    if (logDriver === 'none' && flags.logOpt.length > 0)
      throw new MicaError('invalid-argument', 'invalid logging opts for driver none', {
        subject: '--log-opt',
        hint: 'leave --log-opt out: that driver keeps nothing',
        exitCode: 125,
      });
    return {
      ...given<LifeOptions>({
        health: health(flags),
        init: flags.init,
        logDriver: logDriver === 'none' ? 'none' : undefined,
        restart: flags.restart === undefined ? undefined : parseRestart(flags.restart),
        stopSignal: flags.stopSignal,
        stopTimeout: flags.stopTimeout,
      }),
      ...(logDriver === 'local' ? ofLocal : {}),
      ...logOptions(flags.logOpt),
    };
  },
};

function health(flags: LifeFlags): HealthOptions | undefined {
  const { healthCmd } = flags;
  const options = given<HealthOptions>({
    test: healthCmd === undefined ? undefined : ['CMD-SHELL', healthCmd],
    interval: flags.healthInterval,
    retries: flags.healthRetries,
    startInterval: flags.healthStartInterval,
    startPeriod: flags.healthStartPeriod,
    timeout: flags.healthTimeout,
  });
  const asked = Object.keys(options).length > 0;
  if (!flags.healthcheck && asked)
    throw new MicaError('invalid-argument', '--no-healthcheck conflicts with --health-* options', {
      subject: '--no-healthcheck',
      exitCode: 125,
      hint: 'leave out one or the other',
    });
  if (!flags.healthcheck) return { test: ['NONE'] };
  return asked ? options : undefined;
}

/** `no`, `always`, `unless-stopped`, `on-failure[:MAX]`. @throws MicaError invalid-argument, worded as docker's */
export function parseRestart(text: string): RestartPolicy {
  const [name = '', count, ...rest] = text.split(':');
  const invalid = (why: string) =>
    new MicaError('invalid-argument', why, {
      subject: '--restart',
      hint: 'no, on-failure[:MAX], always or unless-stopped',
    });
  if (rest.length > 0 || (count !== undefined && !/^-?\d{1,9}$/.test(count)))
    throw invalid('invalid restart policy format: maximum retry count must be an integer');
  if (name === 'on-failure') {
    if (Number(count ?? 0) < 0) throw invalid('maximum retry count cannot be negative');
    return { name, maximumRetries: Number(count ?? 0) };
  }
  if (name !== '' && name !== 'no' && name !== 'always' && name !== 'unless-stopped')
    throw invalid(`invalid restart policy '${name}'`);
  if (count !== undefined) throw invalid(`maximum retry count cannot be used with restart policy '${name}'`);
  return { name: name === '' ? 'no' : name, maximumRetries: 0 };
}

/** docker's own bounds of that driver (https://docs.docker.com/engine/logging/drivers/local/); it would compress, too. */
const ofLocal: LifeOptions = { logMaxSize: 20 * 2 ** 20, logMaxFile: 5 };

/** docker's: max-file without max-size is no fault and does nothing, for a file without a size is never full. */
function logOptions(options: readonly string[]): LifeOptions {
  let found: LifeOptions = {};
  for (const option of options) {
    const [key = ''] = option.split('=', 1);
    const value = option.slice(key.length + 1);
    if (key === 'max-size') found = { ...found, logMaxSize: bytesOf('--log-opt max-size')(value) };
    else if (key === 'max-file') found = { ...found, logMaxFile: integer('--log-opt max-file')(value) };
    else if (key === 'labels') found = { ...found, logLabels: value };
    else if (key === 'env') found = { ...found, logEnv: value };
    else if (['mode', 'compress', 'max-buffer-size'].includes(key))
      continue; // how, not what
    else
      throw new MicaError('invalid-argument', `unknown log opt '${key}' for k8s-file log driver`, {
        subject: '--log-opt',
        hint: 'max-size, max-file, labels and env are known',
      });
  }
  if (found.logMaxFile !== undefined && found.logMaxFile < 1)
    throw new MicaError('invalid-argument', 'max-file cannot be less than 1', {
      subject: '--log-opt',
      hint: 'how many files are kept: --log-opt max-file=3',
    });
  if (found.logMaxSize === 0)
    throw new MicaError('invalid-argument', 'max-size must be a positive number', {
      subject: '--log-opt',
      hint: 'how large a file becomes: --log-opt max-size=10m',
    });
  return found;
}
