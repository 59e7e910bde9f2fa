import { createInterface } from 'node:readline/promises';
import { MicaError } from '@mica/engine';
import type { Command } from 'commander';
import { many } from '../flags/flag-group.ts';
import { withEngine } from '../session.ts';
import { inputUpTo } from '../standard-input.ts';

/** Bytes; a registry's tokens are a few KiB. */
const maxPassword = 1 << 20;

interface Flags {
  username?: string;
  password?: string | boolean;
  passwordStdin?: boolean;
  insecure: string[];
}

export function define(command: Command): void {
  command
    .argument('[server]', 'HOST[:PORT]; docker.io otherwise')
    .option('-u, --username <name>', 'who logs in')
    .option('-p, --password <password>', 'not supported: everybody who may list processes would see it')
    .option('--password-stdin', 'read the password from standard input')
    .option(
      '--insecure <host[:port]>',
      'this registry may have no TLS, or a certificate nobody vouches for',
      many,
      [] as string[],
    )
    .addHelpText('after', '\nExample:\n  mica login -u ann --password-stdin registry.example < token')
    .action((server: string | undefined, flags: Flags, command: Command) =>
      withEngine(command, async (engine) => {
        if (flags.password !== undefined)
          throw new MicaError(
            'not-supported',
            '--password is not supported: a password in the arguments is seen by everybody who may list processes',
            {
              hint: 'use --password-stdin, or be asked for it',
            },
          );
        const account = flags.passwordStdin ? await fromInput(flags.username) : await fromTerminal(flags.username);
        const { helper, path } = await engine.registries.login(server, account, { insecure: flags.insecure });
        if (helper === null)
          process.stderr.write(
            `\nWARNING! Your credentials are stored unencrypted in '${path}'.\nConfigure a credential helper to remove this warning.\n\n`,
          );
        process.stdout.write('Login Succeeded\n');
      }),
    );
}

async function fromInput(username: string | undefined): Promise<{ username: string; password: string }> {
  if (username === undefined)
    throw new MicaError('invalid-argument', 'the --password-stdin option requires --username to be set', {
      hint: 'mica login -u NAME --password-stdin REGISTRY',
    });
  const input = await inputUpTo(maxPassword);
  if (input.length > maxPassword)
    throw new MicaError('limit-exceeded', `the password is longer than ${maxPassword} bytes`, {
      hint: 'give the password alone on standard input',
    });
  const password = input.toString().replace(/\r?\n$/, '');
  if (password === '')
    throw new MicaError('invalid-argument', 'password is empty', { hint: 'it is the first line of standard input' });
  return { username, password };
}

/** The password is read with the terminal's echo off. */
async function fromTerminal(given: string | undefined): Promise<{ username: string; password: string }> {
  if (!process.stdin.isTTY)
    throw new MicaError('invalid-argument', 'cannot perform an interactive login from a non-TTY device', {
      hint: 'mica login -u NAME --password-stdin',
    });
  let username = given;
  if (username === undefined) {
    const lines = createInterface({ input: process.stdin, output: process.stdout });
    username = (await lines.question('Username: ')).trim();
    lines.close();
  }
  process.stdout.write('Password: ');
  const password = await hidden();
  process.stdout.write('\n');
  if (username === '' || password === '')
    throw new MicaError('invalid-argument', 'username and password are required', {
      hint: 'mica login -u NAME --password-stdin REGISTRY',
    });
  return { username, password };
}

function hidden(): Promise<string> {
  const { stdin } = process;
  stdin.setRawMode(true);
  stdin.resume();
  let typed = '';
  return new Promise((resolve, reject) => {
    const take = (bytes: Buffer) => {
      for (const key of bytes.toString()) {
        if (key === '\x03') return end(() => reject(new MicaError('aborted', 'interrupted', { exitCode: 130 })));
        if (key === '\r' || key === '\n' || key === '\x04') return end(() => resolve(typed));
        typed = key === '\x7f' || key === '\b' ? typed.slice(0, -1) : typed + key;
      }
    };
    const end = (done: () => void) => {
      stdin.off('data', take);
      stdin.setRawMode(false);
      stdin.pause();
      done();
    };
    stdin.on('data', take);
  });
}
