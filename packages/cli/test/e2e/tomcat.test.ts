import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { bin, TestStore } from '../support/store.ts';
import { Terminal } from '../support/terminal.ts';

// The session of every docker course, typed with mica in place of docker, over a real Tomcat.
const store = new TestStore();
const folder = join(store.work, 'bin');
const env = { PATH: `${folder}:${process.env.PATH}`, MICA_ROOT: store.root };
let terminal: Terminal | undefined;

beforeAll(() => {
  mkdirSync(folder);
  symlinkSync(bin, join(folder, 'mica'));
  const fixture = fileURLToPath(new URL('../../../../scripts/fixtures/tomcat.sh', import.meta.url));
  const made = spawnSync('bash', [fixture], { encoding: 'utf8' });
  expect(made.status, made.stderr).toBe(0);
  store.ok(['load', '-q', '-i', made.stdout.trim()]);
});
afterAll(async () => {
  terminal?.close();
  await store.removeContainers();
  store.remove();
});

/** A line typed at a shell: what it prints, the error if it fails. */
function typed(line: string): string {
  const done = spawnSync('bash', ['-c', line], { encoding: 'utf8', env: { ...process.env, ...env } });
  expect(`${done.stderr}(${done.status})`, line).toBe('(0)');
  return done.stdout.trim();
}

/** curl's view, asked again until it is `status`: Tomcat looks for new applications every ten seconds. */
async function answers(port: number, status: number): Promise<void> {
  let last = '';
  for (let waited = 0; waited < 200; waited++) {
    const words = ['-s', '-m', '5', '-o', '/dev/null', '-w', '%{http_code}', `localhost:${port}`];
    const done = spawnSync('curl', words, { encoding: 'utf8' });
    if (done.error) throw new Error('curl is missing: apt-get install curl');
    last = done.stdout;
    if (last === `${status}`) return;
    await sleep(500);
  }
  throw new Error(`localhost:${port} said ${last}, not ${status}: ${store.ok(['ps', '-a'])}`);
}

async function portOrFree(port: number): Promise<number> {
  const taken = readFileSync('/proc/net/tcp', 'latin1').includes(
    `:${port.toString(16).toUpperCase().padStart(4, '0')} `,
  );
  return taken ? freePort() : port;
}

it('the Tomcat session: 404, cp inside, 200, commit, run the commit, 200', async () => {
  const first = await portOrFree(8888);
  const second = await portOrFree(8889);

  const id = typed(`mica run -d --name tomcat007 -p ${first}:8080 tomcat`);
  expect(typed('mica ps')).toMatch(
    new RegExp(`${id.slice(0, 12)} +tomcat +"catalina.sh run" .* Up .* 0.0.0.0:${first}->8080/tcp +tomcat007`),
  );
  await answers(first, 404); // the image's webapps is empty

  terminal = new Terminal(env);
  terminal.line(`PATH=${folder}:$PATH; clear`); // tmux takes its own from elsewhere
  terminal.line('mica exec -it tomcat007 /bin/bash');
  await terminal.shows(new RegExp(`root@${id.slice(0, 12)}:/usr/local/tomcat#$`));
  terminal.line('cp -r webapps.dist/* webapps');
  terminal.line('ls webapps; exit');
  await terminal.shows(/ROOT +examples\n(.*\n)*host>$/);
  await answers(first, 200);

  const commit = typed('mica commit -a="xiaofan" -m="add webapps app" tomcat007 tomcat007:1.0');
  expect(commit).toMatch(/^sha256:[0-9a-f]{64}$/);
  expect(typed('mica images')).toMatch(new RegExp(`tomcat007 +1.0 +${commit.slice(7, 19)} `));
  const [top] = JSON.parse(
    `[${typed("mica history --no-trunc --format '{{json .}}' tomcat007:1.0").replaceAll('\n', ',')}]`,
  );
  expect(top).toMatchObject({ Comment: 'add webapps app' });
  const [image] = JSON.parse(typed('mica image inspect tomcat007:1.0'));
  expect(image).toMatchObject({ Author: 'xiaofan', Comment: 'add webapps app' });
  // The image's own configuration is kept: the next run needs no more words than the first.
  const [base] = JSON.parse(typed('mica image inspect tomcat'));
  for (const key of ['Cmd', 'Env', 'WorkingDir', 'ExposedPorts', 'Entrypoint'])
    expect(image.Config[key] ?? null, key).toEqual(base.Config[key] ?? null);
  // The layer holds what was copied and what Tomcat wrote, and none of the files that Mica binds over the image's.
  expect(typed('mica diff tomcat007')).toMatch(/A \/usr\/local\/tomcat\/webapps\/ROOT\/index\.html/);

  typed(`mica run -d -p ${second}:8080 tomcat007:1.0`);
  await answers(second, 200);
  await answers(first, 200);
});
