import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { bin, patience, testStore } from '../support/store.ts';

const store = testStore();

it('events: filters, since and until, formats, as they come', async () => {
  const child = store.spawn(['events', '--filter', 'container=seen', '--format', '{{.Action}}']);
  let came = '';
  child.stdout.on('data', (text) => {
    came += text;
  });
  // It tells of what happens once it listens, and of what was before that it says nothing.
  const heard = async () => {
    await store.okHere(['create', '--name', 'seen', '--network', 'none', 'base:1', 'true']);
    await store.okHere(['rm', 'seen']);
    return came;
  };
  await expect.poll(heard, { ...patience, interval: 300 }).not.toBe('');
  await sleep(2); // --since is by the millisecond: the last of these may be of this one
  const since = `${Date.now() / 1000}`;
  const how = ['--name', 'seen', '-l', 'app=web', '--network', 'none', '-v', 'kept:/kept:ro'];
  await store.okHere(['create', ...how, 'base:1', 'sh', '-c', 'exit 3']);
  store.run(['start', '-a', 'seen']);
  await store.okHere(['rename', 'seen', 'other']);
  await store.okHere(['rm', 'other']);
  const past = (...args: string[]) => store.linesHere('events', '--since', since, '--until', '0s', ...args);
  expect(await past('--format', '{{.Action}} {{or (index .Actor.Attributes "name") .Actor.ID}}')).toEqual([
    'create kept',
    'create seen',
    'attach seen',
    'connect none',
    'mount kept',
    'start seen',
    'die seen',
    'disconnect none',
    'unmount kept',
    'rename other',
    'destroy other',
  ]);
  // docker's: with an end and no beginning it is what has been.
  expect(await store.linesHere('events', '--until', '0s', '--format', '{{.Action}}')).toContain('die');
  expect(await past('--filter', 'event=die')).toEqual([
    expect.stringMatching(/^\d{4}-.*Z container die [0-9a-f]{64} \(app=web, exitCode=3, image=base:1, name=seen\)$/),
  ]);
  expect(await past('--filter', 'label=app=web', '--filter', 'event=create', '--filter', 'event=destroy')).toHaveLength(
    2,
  );
  expect(await past('--filter', 'label=app=db')).toEqual([]);
  expect(await past('--filter', 'type=image')).toEqual([]);
  // docker's: events of what is not here never come, a filter that nobody knows is none.
  expect(await past('--filter', 'service=kept')).toEqual([]);
  const unknown = await store.here([
    'events',
    '--since',
    since,
    '--until',
    '0s',
    '--filter',
    'foo=bar',
    '-f',
    'event=die',
  ]);
  expect(unknown).toMatchObject({ code: 0, out: expect.stringMatching(/ die .*\n$/) });
  expect(unknown.err).toMatch(/^WARNING: --filter foo=bar .* container, event, /);
  expect(await store.here(['events', '--since', 'foo'])).toMatchObject({
    code: 1,
    err: expect.stringMatching(/: "foo"\n/),
  });
  const [mount] = await past('--filter', 'volume=kept', '--filter', 'event=mount', '--format', 'json');
  expect(JSON.parse(mount as string)).toMatchObject({ Actor: { Attributes: { destination: '/kept' } } });
  expect(mount).not.toMatch(/"(status|from)"/); // docker's oldest fields: of containers and images alone
  const [message] = (await past('--filter', 'event=start', '--format', 'json')).map((line) => JSON.parse(line));
  expect(message).toMatchObject({
    status: 'start',
    Type: 'container',
    from: 'base:1',
    Actor: { Attributes: { app: 'web' } },
  });
  await expect.poll(() => came.split('\n'), patience).toContain('die');
  const ended = once(child, 'close');
  child.kill('SIGINT');
  await ended;
});

it('a label drives no terminal, and begins no line', async () => {
  const since = `${Date.now() / 1000}`;
  const label = 'said=\x1b[31mred\nforged line';
  await store.okHere(['create', '--name', 'rude', '-l', label, '--network', 'none', 'base:1', 'true']);
  const [line, ...more] = await store.linesHere('events', '--since', since, '--until', '0s');
  expect(line).toContain('\x1b[31mred forged line)');
  expect(more).toEqual([]);
  const shown = spawnSync('script', ['-qec', `${bin} events --since ${since} --until 0s`, '/dev/null'], {
    env: { ...process.env, MICA_ROOT: store.root },
  });
  expect(String(shown.stdout)).toContain('said=?[31mred?forged line)\r\n');
});
