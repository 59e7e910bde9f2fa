import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { MicaError } from '../../src/error.ts';
import { passForeignFirewall } from '../../src/network/foreign-firewall.ts';

const withTable = { hasTable: () => true };
let dir: string;
let path: string | undefined;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'mica-iptables-'));
  path = process.env.PATH;
  process.env.PATH = `${dir}:${path}`;
});
afterEach(() => {
  process.env.PATH = path;
  rmSync(dir, { recursive: true, force: true });
});

/** An iptables that has these answers to commands that begin so, and none to others; it notes what it was asked to change. */
function iptables(answers: Readonly<Record<string, string>>): void {
  const cases = Object.entries(answers).map(([begin, answer]) => `"-w 5 ${begin}"*) ${answer};;`);
  const note = `case "$*" in *-S*) ;; *) echo "$*" >> ${dir}/log;; esac`;
  writeFileSync(join(dir, 'iptables'), `#!/bin/sh\n${note}\ncase "$*" in\n${cases.join('\n')}\n*) exit 1;; esac\n`, {
    mode: 0o755,
  });
}
function changes(): string[] {
  return existsSync(join(dir, 'log')) ? readFileSync(join(dir, 'log'), 'utf8').trim().split('\n') : [];
}
const drops = { '-S FORWARD': 'echo "-P FORWARD DROP"' };
const both = (rule: string) => ['-i', '-o'].map((side) => `-w 5 ${rule} ${side} mb-1 -j ACCEPT`);

it('two accepts go into the chain that docker leaves to others, else into one that drops, else nowhere', () => {
  iptables({ '-S DOCKER-USER': 'exit 0', '-I DOCKER-USER': 'exit 0' });
  passForeignFirewall(withTable, 'mb-1', '-I');
  expect(changes()).toEqual(both('-I DOCKER-USER'));
  iptables({ ...drops, '-I FORWARD': 'exit 0' });
  passForeignFirewall(withTable, 'mb-1', '-I');
  expect(changes().slice(2)).toEqual(both('-I FORWARD'));
  iptables({ '-S FORWARD': 'echo "-P FORWARD ACCEPT"' });
  passForeignFirewall(withTable, 'mb-1', '-I');
  expect(changes()).toHaveLength(4);
});

it('a rule that cannot be inserted is an error that says what to do', () => {
  iptables({ ...drops, '-I FORWARD -o': 'echo "# legacy\nAnother app holds the lock" >&2; exit 4', '-I': 'exit 0' });
  const failed = (() => {
    try {
      passForeignFirewall(withTable, 'mb-1', '-I');
    } catch (error) {
      return error;
    }
  })();
  expect(failed).toBeInstanceOf(MicaError);
  expect(failed).toMatchObject({
    code: 'runtime-failed',
    message: 'iptables: Another app holds the lock',
    hint: expect.stringContaining('"iptables -I FORWARD -o mb-1 -j ACCEPT"'),
  });
});

it('rules that cannot be read are no missing chain: a start fails, a removal goes on', () => {
  for (const chain of ['DOCKER-USER', 'FORWARD']) {
    iptables({ [`-S ${chain}`]: 'echo "Another app is currently holding the xtables lock." >&2; exit 4' });
    expect(() => passForeignFirewall(withTable, 'mb-1', '-I')).toThrow('holding the xtables lock');
    passForeignFirewall(withTable, 'mb-1', '-D');
  }
  expect(changes()).toEqual([]);
});

it('one that cannot be started, or is killed, is told of at a start; a removal goes on', () => {
  iptables({ '-S': 'kill -9 $$' });
  expect(() => passForeignFirewall(withTable, 'mb-1', '-I')).toThrow(/^iptables: exit code 137$/);
  passForeignFirewall(withTable, 'mb-1', '-D');
  writeFileSync(join(dir, 'iptables'), '#!/nowhere\n');
  expect(() => passForeignFirewall(withTable, 'mb-1', '-I')).toThrow(/^iptables: .*ENOENT/);
  passForeignFirewall(withTable, 'mb-1', '-D');
});

it('a chain that went away meanwhile needs no rule, and a rule that is gone needs no removal', () => {
  iptables({ ...drops, '-I FORWARD': 'echo "iptables: No chain/target/match by that name." >&2; exit 1' });
  passForeignFirewall(withTable, 'mb-1', '-I');
  iptables({ ...drops, '-D FORWARD': 'echo "iptables: Bad rule (does a matching rule exist?)." >&2; exit 1' });
  passForeignFirewall(withTable, 'mb-1', '-D');
  expect(changes()).toEqual([...both('-I FORWARD'), ...both('-D FORWARD')]);
});
