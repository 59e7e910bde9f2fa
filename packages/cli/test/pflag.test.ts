import { Command } from 'commander';
import { expect, it } from 'vitest';
import { boolean } from '../src/flags/boolean.ts';
import { takeDockerSpelling } from '../src/usage/pflag.ts';

function parse(...words: string[]) {
  const command = new Command('create')
    .option('-i, --interactive')
    .option('-t, --tty')
    .option('-p, --publish <port>')
    .option('--rm')
    .option('--no-healthcheck')
    .option('--sig-proxy [yes]', '', boolean('--sig-proxy'), true)
    .exitOverride();
  takeDockerSpelling(command);
  return command.parse(words, { from: 'user' }).opts();
}
const none = { healthcheck: true, sigProxy: true };

// As `docker create` answers, read by `docker inspect`.
it.each([
  [['--rm', '--rm=false'], none],
  [['--rm=false', '--rm'], { ...none, rm: true }],
  [['--rm=t'], { ...none, rm: true }],
  [['-it', '--rm', '--rm=f', '-t=0'], { ...none, interactive: true }],
  [['-it=false'], { ...none, interactive: true }],
  [['-it=true'], { ...none, interactive: true, tty: true }],
  [['-t=false', '-it'], { ...none, interactive: true, tty: true }],
  [['-t=F', '-itp', '80'], { ...none, interactive: true, tty: true, publish: '80' }],
  [['--no-healthcheck', '--no-healthcheck=false'], none],
  [['--no-healthcheck=1', '--sig-proxy=0'], { healthcheck: false, sigProxy: false }],
  [['--sig-proxy'], none],
])('%j', (words, options) => {
  const given = Object.entries(parse(...words)).filter(([, value]) => value !== undefined);
  expect(Object.fromEntries(given)).toEqual(options);
});

it.each([
  ['--rm', 'maybe', '--rm'],
  ['--rm', '', '--rm'],
  ['-t', 'yes', '-t, --tty'],
  ['--sig-proxy', 'bogus', '--sig-proxy'],
])('%s=%s is refused as by docker', (flag, value, name) => {
  const message = `invalid argument "${value}" for "${name}" flag: strconv.ParseBool: parsing "${value}": invalid syntax`;
  expect(() => parse(`${flag}=${value}`)).toThrow(expect.objectContaining({ message, exitCode: 125 }));
});
