import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bin, patience, TestStore } from '../support/store.ts';
import { Terminal } from '../support/terminal.ts';

const store = new TestStore();
let id: string;
beforeAll(async () => {
  await store.importBase();
  id = store.ok(['run', '-d', '--name', 'box', '-e', 'FROM=run', 'base:1', 'sleep', '1000']).trim();
});
afterAll(async () => {
  await store.removeContainers();
  store.remove();
});
const notFound = (name: string) =>
  expect.stringContaining(`mica: cannot start the command: "${name}": executable file not found in $PATH\n  `);
const exec = (...args: string[]) => store.run(['exec', ...args]);

it('streams apart, exit code its own, environment, user and folder', () => {
  expect(exec('box', 'sh', '-c', 'echo out; echo err >&2; exit 7')).toEqual({ code: 7, out: 'out\n', err: 'err\n' });
  expect(exec('-e', 'A=b', '-u', 'ann', '-w', '/tmp', 'box', 'sh', '-c', 'echo $A $FROM $HOME $PWD; id').out).toBe(
    'b run /home/ann /tmp\nuid=1000(ann) gid=100(users) groups=10(wheel),100(users)\n',
  );
  expect(exec('-u', '7:9', 'box', 'id').out).toBe('uid=7 gid=9 groups=9\n');
  const caps = (...flags: string[]) => exec(...flags, 'box', 'grep', 'CapEff', '/proc/self/status').out;
  expect(caps()).toBe('CapEff:\t00000000a80425fb\n');
  expect(BigInt(`0x${caps('--privileged').split('\t')[1]?.trim()}`)).toBeGreaterThan(0xa80425fbn);
});

it('standard input goes in with -i and ends it; without, there is none', () => {
  const lines = 'line\n'.repeat(50_000);
  expect(store.ok(['exec', '-i', 'box', 'wc', '-l'], { input: lines })).toBe('50000\n');
  expect(store.ok(['exec', 'box', 'wc', '-c'], { input: 'x' })).toBe('0\n');
  expect(store.ok(['exec', 'box', 'seq', '1', '100000']).length).toBe(588_895);
});

it('a terminal gets what the program wrote, byte for byte, and is as it was afterwards', () => {
  const typed = (...args: string[]) => {
    const line = [bin, ...args].map((word) => `'${word}'`).join(' ');
    const shown = spawnSync('script', ['-qec', `${line}; stty | grep -c opost; printf 'e\\nf'`, '/dev/null'], {
      env: { ...process.env, MICA_ROOT: store.root },
      input: '',
    });
    return shown.stdout.toString().replaceAll('^@', ''); // the end of script's own input, shown or not
  };
  const program = 'stty -opost; printf "ab\\ncd"; stty opost; printf "\\nx"';
  const after = '0\r\ne\r\nf'; // stty names what is not as usual
  expect(typed('exec', '-it', 'box', 'sh', '-c', program)).toBe(`ab\ncd\r\nx${after}`);
  const run = ['run', '--rm', '-it', '--network', 'none', 'base:1'];
  expect(typed(...run, 'sh', '-c', program)).toBe(`ab\ncd\r\nx${after}`);
});

it('-d goes on by itself, and no session leaves a folder', async () => {
  store.ok(['exec', '-d', 'box', 'sh', '-c', 'sleep 0.2; echo done > /tmp/marker']);
  store.ok(['exec', 'box', 'sh', '-c', 'until cat /tmp/marker; do sleep 0.05; done 2>/dev/null']);
  const sessions = () => readdirSync(join(store.runFolder, id)).filter((name) => name.startsWith('x'));
  await expect.poll(sessions, patience).toEqual([]);
});

it('what cannot be: 127, 126, 1, each in one line', async () => {
  expect(exec('box', 'nothing-there')).toMatchObject({ code: 127, err: expect.stringMatching(/not found in \$PATH/) });
  expect(exec('box', '/etc/passwd')).toMatchObject({ code: 126, err: expect.stringMatching(/ermission denied/) });
  expect(exec('box', '/etc').code).toBe(126);
  // With a terminal, too, where the runtime's words go to that.
  expect(exec('-t', 'box', 'nothing-there')).toMatchObject({ code: 127, err: notFound('nothing-there') });
  expect(exec('-t', 'box', '/etc/passwd')).toMatchObject({ code: 126, err: expect.stringMatching(/ermission denied/) });
  expect(exec('-t', '-w', '/nowhere', 'box', 'sh')).toMatchObject({
    code: 126,
    err: expect.stringMatching(/^mica: cannot start the command: .*nowhere/),
  });
  for (const name of ['', '.', '..']) expect(exec('box', name)).toMatchObject({ code: 127, err: notFound(name) });
  expect(exec('box', '/etc/passwd/x')).toMatchObject({
    code: 126,
    err: expect.stringMatching(/^mica: cannot start the command: "\/etc\/passwd\/x": Not a directory\n {2}/),
  });
  expect(exec('-d', 'box', 'nothing-there').code).toBe(1);
  expect(exec('-e', '=x', 'box', 'true')).toMatchObject({ code: 125, err: expect.stringMatching(/invalid env/) });
  expect(exec('-w', '/nowhere', 'box', 'true')).toMatchObject({ code: 126, err: expect.stringMatching(/nowhere/) });
  const nobody = { code: 126, err: expect.stringMatching(/^mica: unable to find user nobody-here: no match.*\n {2}/) };
  expect(exec('-u', 'nobody-here', 'box', 'true')).toMatchObject(nobody);
  expect(exec('-u', 'ann:nobodies', 'box', 'true')).toMatchObject({ code: 126, err: expect.stringMatching(/ group /) });
  expect(exec('-d', '-u', 'nobody-here', 'box', 'true')).toMatchObject({ ...nobody, code: 1 });
  // docker's: what only run could confuse with the container's own code is 1.
  expect(exec('--env-file', '/nowhere', 'box', 'true')).toMatchObject({
    code: 1,
    err: expect.stringMatching(/^mica: open/),
  });
  expect(exec('--env-file', '/', 'box', 'true').err).toBe(
    'mica: read /: is a directory\n  a file with a line NAME=VALUE for each variable\n',
  );
  expect(exec('nope', 'true')).toMatchObject({ code: 1, err: expect.stringMatching(/No such container: nope/) });
  expect(exec('-it', 'box', 'sh')).toMatchObject({ code: 1, err: expect.stringMatching(/input device is not a TTY/) });
  const idle = (await store.okHere(['create', 'base:1', 'sh'])).trim();
  expect(exec(idle, 'true')).toMatchObject({ code: 1, err: expect.stringMatching(`Container ${idle} is not running`) });
});

it('a terminal: size from the start, Ctrl-C, job control, resize, exit code, detach keys', async () => {
  const terminal = new Terminal({ MICA_ROOT: store.root });
  // What a key is meant for has the terminal first: the shell itself would not mind it.
  const sleeps = () =>
    expect.poll(() => store.ok(['exec', 'box', 'ps', '-o', 'stat,args']), patience).toMatch(/^S\S* .*sleep 500$/m);
  try {
    terminal.line(`${bin} exec -it box sh`);
    await terminal.shows(/#$/);
    terminal.line('stty size; sleep 500');
    await terminal.shows(/30 100/);
    await sleeps();
    terminal.keys('C-c');
    await terminal.shows(/\^C\n.*#$/);
    terminal.line('sleep 500');
    await sleeps();
    terminal.keys('C-z');
    await terminal.shows(/Stopped/);
    terminal.resize(120, 40);
    terminal.line('until stty size | grep "40 120"; do sleep 0.1; done');
    await terminal.shows(/\n40 120/);
    terminal.line('fg');
    await terminal.shows(/fg\nsleep 500/);
    await sleeps();
    terminal.keys('C-c');
    await terminal.shows(/fg\nsleep 500\n\^C\n.*#$/);
    terminal.line('exit 5');
    await terminal.shows(/host>$/);
    terminal.line('echo code=$?');
    await terminal.shows(/code=5/);
    terminal.line(`clear; ${bin} exec -it --detach-keys ctrl-x,q box sh -c 'echo ready; cat; echo over'`);
    await terminal.shows(/ready/);
    terminal.keys('a', 'C-x', 'b'); // a beginning of the sequence that goes on otherwise reaches the program
    await terminal.shows(/a\^Xb/);
    terminal.keys('C-x', 'q');
    await terminal.shows(/read escape sequence\n.*host>$/);
    terminal.line('echo left=$?; stty -a | grep -o ".icanon"');
    await terminal.shows(/left=0\n icanon/);
    expect(store.ok(['exec', 'box', 'ps'])).toMatch(/echo ready; cat/);
  } finally {
    terminal.close();
  }
});
