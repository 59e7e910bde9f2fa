import { once } from 'node:events';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { testStore } from '../support/store.ts';

const store = testStore();

it('logs: streams, --tail, --since, --until, -t, -f until its end', async () => {
  const name = store.start('talk', 'echo one; echo err >&2; read x; echo two; echo three', '-i');
  const follow = store.spawn(['logs', '-f', name]);
  const followed = Promise.all([text(follow.stdout), text(follow.stderr)]);
  await Promise.all([once(follow.stdout, 'data'), once(follow.stderr, 'data')]);
  const feed = store.spawn(['attach', '--sig-proxy=false', name]);
  feed.stdin.write('go\n');
  expect(store.ok(['wait', name])).toBe('0\n');
  await once(feed, 'exit');
  expect(await followed).toEqual(['one\ntwo\nthree\n', 'err\n']);
  expect(await store.here(['logs', name])).toEqual({ code: 0, out: 'one\ntwo\nthree\n', err: 'err\n' });
  expect(await store.okHere(['logs', '--tail', '2', name])).toBe('two\nthree\n');
  expect(await store.okHere(['logs', '-n', '0', name])).toBe('');
  expect((await store.here(['logs', '--tail', 'all', name])).out).toBe('one\ntwo\nthree\n');
  expect((await store.here(['logs', '--tail=-1', name])).out).toBe('one\ntwo\nthree\n');
  const stamped = await store.linesHere('logs', '-t', '-n', '2', name);
  expect(stamped[0]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z two$/);
  const at = stamped[0]?.split(' ')[0] as string;
  expect(await store.okHere(['logs', '--since', at, name])).toBe('two\nthree\n');
  const [one] = (await store.here(['logs', '-t', name])).out.split(' one\n');
  expect((await store.here(['logs', '--until', one as string, name])).out).toBe('one\n');
  for (const bound of ['since', 'until'])
    expect(await store.here(['logs', `--${bound}`, 'yesterday', name])).toMatchObject({
      code: 1,
      err: expect.stringMatching(
        `^mica: invalid value for "${bound}": failed to parse value as time or .*: "yesterday"\n  `,
      ),
    });
  // docker's: whatever is no number is all, an empty time is none, a negative one still to come.
  const whole = { code: 0, out: 'one\ntwo\nthree\n', err: 'err\n' };
  for (const tail of ['foo', '-3', '']) expect(await store.here(['logs', '--tail', tail, name]), tail).toEqual(whole);
  expect(await store.here(['logs', '--since', '', '--until', '-1h', name])).toEqual(whole);
  expect(await store.okHere(['logs', '--since', '-1h', name])).toBe('');
});

it('a log is not kept in memory for a reader that is slower', async () => {
  const id = (await store.okHere(['create', '--name', 'many', 'base:1', 'true'])).trim();
  const lines = 400_000;
  const record = `2026-11-28T01:10:00.000000000+00:00 stdout F ${'x'.repeat(50)}\n`;
  writeFileSync(join(store.root, 'containers', id, 'ctr.log'), record.repeat(lines));
  const logs = store.spawn(['logs', 'many']);
  const peak = () => Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${logs.pid}/status`, 'utf8'))?.[1]) / 1024;
  let [taken, most] = [0, 0];
  for await (const chunk of logs.stdout) {
    if (taken < lines * 50) most = peak(); // MiB; at its end the command is gone
    await setImmediate();
    taken += chunk.length;
  }
  expect(taken).toBe(lines * 51);
  expect(most).toBeLessThan(250); // 140; with all of it held 295 and more
});

it('logs turn over: one file of a size, or several without a gap', async () => {
  const batch = 'for i in $(seq $n $((n + 99))); do echo "line $i"; done';
  const size = ['--log-opt', 'max-size=6k'];
  const flags = ['--name', 'one', '--network', 'none', ...size];
  store.ok(['run', ...flags, 'base:1', 'sh', '-c', `for n in 1 101 201 301; do ${batch}; done`]);
  const kept = await store.linesHere('logs', 'one');
  expect(kept.at(-1)).toBe('line 400');
  expect(kept.length).toBeLessThan(120);
  // A batch is less than a file, and waits until the one before is looked after.
  const script = `for n in 1 101 201 301; do ${batch}; until [ -e /go$n ]; do sleep 0.05; done; done; sleep 1000`;
  store.start('several', script, ...size, '--log-opt', 'max-file=3');
  const log = join(
    store.root,
    'containers',
    (await store.okHere(['inspect', '-f', '{{.Id}}', 'several'])).trim(),
    'ctr.log',
  );
  for (const n of [1, 101, 201, 301]) {
    const last = () => readFileSync(log, 'utf8').trimEnd().split('\n').at(-1);
    await expect.poll(last, { timeout: 60_000 }).toMatch(new RegExp(` F line ${n + 99}$`));
    await expect.poll(() => statSync(`${log}.held`).ino === statSync(log).ino, { timeout: 60_000 }).toBe(true);
    store.ok(['exec', 'several', 'touch', `/go${n}`]);
  }
  const all = await store.linesHere('logs', 'several');
  const first = Number(all[0]?.split(' ')[1]);
  expect(all).toEqual(Array.from({ length: 401 - first }, (_, n) => `line ${first + n}`));
  expect(all.length).toBeGreaterThan(2 * kept.length);
  expect(existsSync(`${log}.2`)).toBe(true);
  expect(existsSync(`${log}.3`)).toBe(false);
  await store.okHere(['rm', '-f', 'several']);
});

it("--details: what --log-opt labels and env name, escaped and ordered as docker's", () => {
  const asked = ['-l', 'a=x y,c=d/é!()*~', '-l', 'b=', '-e', 'Z=a+b%&', '-e', 'PATH=/bin:/sbin', '-e', 'UNSET_HERE'];
  const options = ['--log-opt', 'labels=a,b,nosuch,a', '--log-opt', 'env=Z,UNSET_HERE,PATH'];
  const named = store.start('named', 'echo hi; echo err >&2', ...asked, ...options);
  store.ok(['wait', named]);
  const attributes = 'PATH=%2Fbin%3A%2Fsbin,Z=a%2Bb%25%26,a=x+y%2Cc%3Dd%2F%C3%A9%21%28%29%2A~,b=';
  const lines = { code: 0, out: `${attributes} hi\n`, err: `${attributes} err\n` };
  expect(store.run(['logs', '--details', named])).toEqual(lines);
  expect(store.run(['logs', '--details', '-t', named]).out).toMatch(/^\S+Z PATH=\S+ hi\n$/);
  expect(store.ok(['inspect', '-f', '{{json .HostConfig.LogConfig.Config}}', named])).toBe(
    '{"env":"Z,UNSET_HERE,PATH","labels":"a,b,nosuch,a"}\n',
  );
  const plain = store.start('plain', 'echo hi');
  store.ok(['wait', plain]);
  expect(store.ok(['logs', '--details', plain])).toBe(' hi\n');
});
