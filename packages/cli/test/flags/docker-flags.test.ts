import { Command } from 'commander';
import { expect, it } from 'vitest';
import { addContainerFlags } from '../../src/flags/index.ts';
import { takeDockerSpelling } from '../../src/usage/pflag.ts';
import names from '../support/docker-run-flags.json' with { type: 'json' };

/** docker's old names: taken, not shown. */
const old: Readonly<Record<string, string>> = {
  '--net': '--network',
  '--net-alias': '--network-alias',
  '--dns-opt': '--dns-option',
};
/** Those that `run` has beside `create`. */
const own = ['--attach', '--detach', '--detach-keys', '--sig-proxy'];

function command(): Command {
  const made = addContainerFlags(new Command('create')).enablePositionalOptions().exitOverride();
  takeDockerSpelling(made);
  return made;
}
const parse = (...args: string[]) => command().parse([...args, 'image', 'word'], { from: 'user' });

it("every flag of docker run (20.10 and 28) is Mica's too, or refused by its name", () => {
  const shown = new Set(command().options.flatMap(({ long, hidden }) => (hidden || !long ? [] : [long])));
  const quiet = ['--disable-content-trust', '--isolation', '--volume-driver']; // docker's default is taken
  const refused = names.filter((name) => !shown.has(old[name] ?? name) && ![...quiet, ...own].includes(name));
  for (const name of refused)
    expect(() => parse(name, 'x'), name).toThrow(
      expect.objectContaining({ message: `${name} is not supported`, exitCode: 125 }),
    );
  expect(refused).toContain('--link');
  expect(refused).toContain('--ip6');
  expect(refused.length).toBeLessThan(20);
});

it('old names, and the default of what else would be refused', () => {
  const taken = parse('--net=none', '--dns-opt', 'ndots:1', '--net-alias', 'a', '--disable-content-trust');
  expect(taken.opts()).toMatchObject({ network: ['none'], dnsOption: ['ndots:1'], networkAlias: ['a'] });
  expect(taken.args).toEqual(['image', 'word']);
  parse('--isolation', 'default', '--volume-driver=local');
  for (const flag of ['--disable-content-trust=false', '--isolation=hyperv', '--volume-driver=nfs'])
    expect(() => parse(flag)).toThrow(`${flag.split('=')[0]} is not supported`);
});
