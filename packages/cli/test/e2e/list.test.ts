import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeTar } from '../../../engine/test/support/tar.ts';
import { MicaBench } from '../support/mica.ts';

const bench = new MicaBench();
const ok = (...args: string[]) => bench.ok('store', args);
const fails = (...args: string[]) => bench.run('store', args);
const okHere = (...args: string[]) => bench.okHere('store', args);
const refused = (...args: string[]) => bench.here('store', args);
const names = async (...args: string[]) =>
  (await okHere('ps', '--format', '{{.Names}}', ...args)).split('\n').filter(Boolean);

let up: string;
beforeAll(async () => {
  await bench.seed('store');
  up = ok(
    'run',
    '-d',
    '--name',
    'up',
    '-l',
    'app=web',
    '-l',
    'tier=front',
    'base:2',
    'busybox',
    'sleep',
    '1000',
  ).trim();
  await okHere('create', '--name', 'new', '-l', 'app=db', 'base:1', 'sh', '-c', 'echo "a b"');
  fails('run', '--name', 'failed', 'base:1', 'sh', '-c', 'seq 1000 > /numbers; exit 3');
});
afterAll(async () => {
  await okHere('rm', '-f', 'up', 'new', 'failed');
  bench.close();
});

it("ps: docker's columns, states and order", async () => {
  const [heading, ...lines] = ok('ps', '-a').trimEnd().split('\n');
  expect(heading).toMatch(/^CONTAINER ID {3}IMAGE {5}COMMAND {2,}CREATED {2,}STATUS {2,}PORTS {5}NAMES$/);
  expect(lines).toHaveLength(3);
  expect(lines[0]).toMatch(/^[0-9a-f]{12} {3}base:1 {4}"sh -c 'seq 1000 > \/…" .*Exited \(3\) .* {13}failed$/);
  expect(lines[1]).toMatch(/"sh -c 'echo \\"a b\\"'" .* Created {13,}new$/);
  expect(lines[2]).toMatch(new RegExp(`^${up.slice(0, 12)} .* Up .* up$`));
  expect((await okHere('ps')).trimEnd().split('\n')).toHaveLength(2);
  expect(await okHere('ps', '-q', '--no-trunc')).toBe(`${up}\n`);
  expect(await names('-l')).toEqual(['failed']);
  expect(await names('-n', '2')).toEqual(['failed', 'new']);
  expect(await okHere('ps', '-as')).toMatch(/SIZE\n.* failed +3\.89kB \(virtual 2MB\)/);
  expect(ok('container', 'ls', '-aq')).toBe(await okHere('ps', '-aq'));
});

it('ps: the name of an image that has moved on is its ID, as in docker', async () => {
  const image = async () => (await okHere('ps', '-a', '-f', 'name=moved', '--format', '{{.Image}}')).trim();
  await okHere('tag', 'base:1', 'moving:1');
  await okHere('create', '--name', 'moved', 'moving:1', 'sh');
  expect(await image()).toBe('moving:1');
  await okHere('tag', 'base:2', 'moving:1');
  expect(await image()).toBe((await okHere('images', '-q', 'base:1')).trim());
  await okHere('rmi', 'moving:1');
  expect(await image()).toBe((await okHere('images', '-q', 'base:1')).trim());
  await okHere('rm', 'moved');
});

it('ps --filter: each by its own rule, several together', async () => {
  expect(await okHere('ps', '--format', '{{.Names}}', '-f', 'status=created')).toBe('new\n');
  expect(await names('-f', 'status=exited', '-f', 'status=created')).toEqual(['failed', 'new']);
  expect(await names('-a', '-f', 'exited=3')).toEqual(['failed']);
  expect(await names('-a', '-f', 'name=^/?n')).toEqual(['new']);
  expect(await names('-a', '-f', `id=${up.slice(0, 10)}`)).toEqual(['up']);
  expect(await names('-a', '-f', 'label=app')).toEqual(['new', 'up']);
  expect(await names('-a', '-f', 'label=app=web', '-f', 'label=tier')).toEqual(['up']);
  expect(await names('-a', '-f', 'ancestor=base:1')).toEqual(['failed', 'new', 'up']);
  expect(await names('-a', '-f', 'ancestor=base:2')).toEqual(['up']);
  expect(await names('-a', '-f', 'ancestor=not-there')).toEqual([]);
  expect(await names('-a', '-f', 'before=new')).toEqual(['up']);
  expect(await names('-a', '-f', 'since=up', '-f', 'status=exited')).toEqual(['failed']);
  expect(await names('-a', '-f', 'network=bridge', '-f', 'health=none')).toEqual(['failed', 'new', 'up']);
  expect(await names('-a', '-f', 'volume=/none')).toEqual([]);
  await okHere('create', '--name', 'bound', '-v', '/usr:/in', '-v', 'kept:/kept', 'base:1', 'sh');
  for (const volume of ['/usr', '/in', 'kept', '/kept'])
    expect(await names('-a', '-f', `volume=${volume}`)).toEqual(['bound']);
  await okHere('rm', '-v', 'bound');
  expect(await names('-a', '-f', 'publish=80')).toEqual([]);
  expect((await refused('ps', '-f', 'foo=1')).err).toMatch(/^mica: invalid filter 'foo'\n/);
  expect((await refused('ps', '-f', 'health=fine')).err).toMatch(/invalid filter 'health=fine'\n {2}none, starting/);
  expect((await refused('ps', '-f', 'status=asleep')).err).toMatch(/invalid filter 'status=asleep'/);
});

it('--format: a template, a table of it, json', async () => {
  expect(await okHere('ps', '-a', '--format', 'table {{.Names}}\\t{{upper .State}}\\t{{.Label "app"}}')).toBe(
    'NAMES     STATE     app\nfailed    EXITED    \nnew       CREATED   db\nup        RUNNING   web\n',
  );
  const rows = (await okHere('ps', '-a', '--format', 'json'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(rows[1]).toMatchObject({ Names: 'new', State: 'created', Labels: 'app=db', Image: 'base:1' });
  expect(Object.keys(rows[0])).toEqual(Object.keys(rows[0]).sort());
  const fields = 'json, or a Go template: {{json .}} shows the fields that there are';
  expect(fails('ps', '--format', '{{.Nope}}')).toMatchObject({
    code: 1,
    err: `mica: template parsing error: template: :1:2: executing "" at <.Nope>: can't evaluate field Nope in type *formatter.ContainerContext\n  ${fields}\n`,
  });
  const nobody = ['ps', '-f', 'name=nobody', '--format'];
  expect((await refused(...nobody, '{{.Nope}}')).err).toMatch(/can't evaluate field Nope/);
  expect(await okHere(...nobody, '{{slice .ID 0 3}} {{.Label "app"}}')).toBe('');
  expect((await refused('ps', '--format', '{{')).err).toBe(
    `mica: template parsing error: template: :1: unclosed action\n  ${fields}\n`,
  );
});

it("images: docker's columns, filters, dangling ones", async () => {
  const [heading, first, second] = ok('images').split('\n');
  expect(heading).toMatch(/^REPOSITORY {3}TAG {7}IMAGE ID {7}CREATED {2,}SIZE$/);
  expect(first).toMatch(/^base {9}2 {9}[0-9a-f]{12} /);
  expect(second).toMatch(/^base {9}1 {9}[0-9a-f]{12} .* ago +2MB$/);
  expect((await okHere('images', '--digests')).split('\n')[0]).toMatch(/TAG {7}DIGEST {60,}IMAGE ID/);
  const dangling = (await okHere('commit', 'failed')).trim();
  const listed = async (...args: string[]) =>
    (await okHere('images', '--format', '{{.Repository}}:{{.Tag}}', ...args)).trimEnd();
  expect(await okHere('images', '-q', '--no-trunc', '-f', 'dangling=true')).toBe(`${dangling}\n`);
  expect(await listed('-f', 'dangling=false')).toBe('base:2\nbase:1');
  expect(await listed('-f', 'reference=b*:1')).toBe('base:1');
  expect(await listed('base')).toBe('base:2\nbase:1');
  expect(await listed('b?se:2')).toBe('base:2');
  expect(await listed('-f', 'before=base:2')).toBe('base:1');
  expect(await listed('-f', 'since=base:2')).toBe('<none>:<none>');
  expect(await listed('-f', 'label=none')).toBe('');
  await okHere('rmi', dangling);
});

it('ps --filter health: each state, several as alternatives, what has ended as unhealthy, what has no check as none', async () => {
  const check = ['--health-cmd', 'true', '--health-interval', '1h'];
  ok('run', '-d', '--name', 'checked', '--network', 'none', ...check, 'base:1', 'busybox', 'sleep', '1000');
  const health = (...states: string[]) => names('-a', ...states.flatMap((state) => ['-f', `health=${state}`]));
  expect(await health('starting')).toEqual(['checked']);
  expect(await health('healthy', 'unhealthy')).toEqual([]);
  expect(await health('healthy', 'starting')).toEqual(['checked']);
  expect(await health('none')).not.toContain('checked');
  await okHere('kill', 'checked');
  ok('wait', 'checked');
  expect(await health('unhealthy')).toEqual(['checked']);
  await okHere('rm', 'checked');
});

it('history: quiet, raw, template', async () => {
  expect(ok('history', 'base:2')).toMatch(/^IMAGE {10}CREATED .* CREATED BY .* SIZE {6}AUTHOR {4}COMMENT\n/);
  expect(await okHere('history', '-q', 'base:2')).toMatch(/^[0-9a-f]{12}\n<missing>\n$/);
  expect(await okHere('history', '-H=false', '--format', '{{.Size}} {{.CreatedAt}}', 'base:2')).toMatch(
    /^\d+ \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[-+]\d\d:\d\d)\n/,
  );
});

it("inspect: docker's description, templates on it, what is missing", async () => {
  const [container] = JSON.parse(await okHere('inspect', 'failed'));
  expect(container).toMatchObject({
    Name: '/failed',
    Path: 'sh',
    Args: ['-c', 'seq 1000 > /numbers; exit 3'],
    State: { Status: 'exited', Running: false, Pid: 0, ExitCode: 3 },
    Config: { Image: 'base:1', Cmd: ['sh', '-c', 'seq 1000 > /numbers; exit 3'] },
    HostConfig: { NetworkMode: 'bridge' },
    Mounts: [],
  });
  expect(await okHere('inspect', '-s', '-f', '{{.SizeRw}}', 'failed')).toBe('3893\n');
  expect(await okHere('inspect', '-f', '{{index .Config.Labels "app"}}|{{index .Config.Labels "no"}}', 'up')).toBe(
    'web|\n',
  );
  expect(await okHere('inspect', '-f', '{{.State.Status}}{{if gt .State.Pid 1}} alive{{end}}', 'up')).toBe(
    'running alive\n',
  );
  const [image] = JSON.parse(await okHere('image', 'inspect', 'base:2'));
  expect(image).toMatchObject({ RepoTags: ['base:2'], Comment: 'numbers', Os: 'linux', RootFS: { Type: 'layers' } });
  expect(image.RootFS.Layers).toHaveLength(2);
  expect(await refused('inspect', 'nope')).toEqual({ code: 1, out: '[]\n', err: 'Error: No such object: nope\n' });
  const both = await refused('inspect', '-f', '{{.Name}}', 'nope', 'up');
  expect(both).toEqual({ code: 1, out: '/up\n', err: 'Error: No such object: nope\n' });
  expect((await refused('container', 'inspect', 'base:1')).err).toBe('Error: No such container: base:1\n');
  expect((await refused('inspect', '--type', 'image', 'up')).err).toBe('Error: No such image: up\n');
  expect((await refused('inspect', '--type', 'dog', 'up')).code).toBe(1);
  expect(await refused('inspect', '-f', '{{.Nope}}', 'up')).toMatchObject({
    code: 1,
    err: expect.stringContaining('map has no entry for key "Nope"'),
  });
  expect((await refused('inspect', '-f', '{{.Nope', 'up')).code).toBe(64);
});

it('names: made up when none is given, renamed, found by a prefix of the ID', async () => {
  const id = (await okHere('create', 'base:1', 'sh')).trim();
  const name = (await okHere('inspect', '-f', '{{.Name}}', id.slice(0, 8))).trim();
  expect(name).toMatch(/^\/[a-z]+_[a-z]+$/);
  ok('rename', id.slice(0, 8), 'other');
  expect((await refused('rename', 'other', 'up')).err).toMatch(/The container name "\/up" is already in use/);
  expect((await refused('rename', 'other', 'b@d')).err).toMatch(/Invalid container name \(b@d\)/);
  expect((await refused('rename', 'other', 'other')).err).toMatch(/same name as its current name/);
  expect(await okHere('rm', 'other')).toBe('other\n');
});

it('an image that does not say when it was made: N/A, older than any that does', async () => {
  const layer = await makeTar([{ name: 'x', body: Buffer.from('x') }]);
  const diffId = `sha256:${createHash('sha256').update(layer).digest('hex')}`;
  const config = { architecture: 'amd64', os: 'linux', config: {}, rootfs: { type: 'layers', diff_ids: [diffId] } };
  const manifest = [{ Config: 'config.json', RepoTags: ['undated:1'], Layers: ['layer.tar'] }];
  const archive = await makeTar([
    { name: 'manifest.json', body: Buffer.from(JSON.stringify(manifest)) },
    { name: 'config.json', body: Buffer.from(JSON.stringify(config)) },
    { name: 'layer.tar', body: layer },
  ]);
  await bench.okHere('store', ['load', '-q'], archive);
  const names = (...args: string[]) => okHere('images', '--format', '{{.Repository}}:{{.Tag}}', ...args);
  expect(await okHere('images', '--format', '{{.CreatedSince}} {{.CreatedAt}}', 'undated')).toBe('N/A N/A\n');
  expect(await names('-f', 'before=base:1')).toBe('undated:1\n');
  expect(await names('-f', 'since=undated:1')).toBe('base:2\nbase:1\n');
  expect((await names()).split('\n').at(-2)).toBe('undated:1');
  const pruned = (...filters: string[]) =>
    okHere('image', 'prune', '-f', ...filters.flatMap((one) => ['--filter', one]));
  expect(await pruned('dangling=true', 'until=24h')).toBe('Total reclaimed space: 0B\n');
  expect(await pruned('dangling=false', 'until=24h')).toContain('untagged: undated:1');
});

it('what a removal that was cut off left is dead, is not started, and goes', async () => {
  ok('run', '--name', 'half', '--cidfile', join(bench.dir, 'cid'), 'base:1', 'sh', '-c', ':');
  const folder = join(bench.dir, 'store/containers', readFileSync(join(bench.dir, 'cid'), 'utf8').trim());
  renameSync(folder, `${folder}.gone`);
  expect(await okHere('ps', '-a', '--filter', 'name=half', '--format', '{{.Status}}')).toBe('Dead\n');
  const state = '{{.State.Status}} {{.State.Dead}}';
  expect(await okHere('inspect', '-f', state, 'half')).toBe('dead true\n');
  expect((await refused('start', 'half')).code).toBe(1);
  await okHere('rm', 'half');
  expect(existsSync(`${folder}.gone`)).toBe(false);
});

it('no image gets a name of the form of an ID: by tag, import, commit or load', async () => {
  const ambiguous = { code: 1, err: expect.stringMatching(/refusing to create an ambiguous tag/) };
  const here = (args: string[], input?: Buffer) => bench.here('store', args, input);
  expect(await here(['tag', 'base:1', 'sha256:abc'])).toMatchObject(ambiguous);
  expect(await here(['import', '-', 'sha256:abc'], await makeTar([{ name: 'f', body: 'x' }]))).toMatchObject(ambiguous);
  await okHere('create', '--name', 'unnamed', '--network', 'none', 'base:1', 'true');
  expect(await here(['commit', 'unnamed', 'sha256:abc'])).toMatchObject(ambiguous);
  await okHere('rm', 'unnamed');
  const saved = bench.bytes('store', ['save', '--format', 'docker-archive', 'base:1']);
  const renamed = Buffer.from(saved.toString('latin1').replaceAll('"base:1"', '"sha256"'), 'latin1');
  expect(renamed.length).toBe(saved.length);
  expect(await here(['load'], renamed)).toMatchObject(ambiguous);
  expect(await okHere('images', '--format', '{{.Repository}}')).not.toContain('sha256');
});
