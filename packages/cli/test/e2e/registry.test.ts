import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Dockerd } from '../support/dockerd.ts';
import { MicaBench } from '../support/mica.ts';
import { RegistryServer } from '../support/registry.ts';

const bench = new MicaBench();
let docker: Dockerd;
let registry: RegistryServer;
let host: string;
const runs = ['sh', '-c', 'read first < /etc/numbers; echo $first /bin/l*'];

function skopeo(...args: string[]): string {
  const done = spawnSync('skopeo', args);
  if (done.status !== 0) throw new Error(`skopeo ${args.join(' ')}: ${done.stderr ?? done.error}`);
  return done.stdout.toString();
}

beforeAll(async () => {
  [docker, registry] = await Promise.all([Dockerd.start(), RegistryServer.start()]);
  host = registry.host;
  await bench.seed('home');
});
afterAll(async () => {
  await docker?.stop();
  await registry?.stop();
  bench.close();
});

it('push and pull, in docker’s words; what was pulled runs and goes back unchanged', async () => {
  bench.tag('home', 'base:2', `${host}/team/base:2`);
  const first = bench.ok('home', ['push', `${host}/team/base:2`]);
  expect(first).toMatch(
    new RegExp(
      `^The push refers to repository \\[${host}/team/base\\]\n([0-9a-f]{12}: Preparing\n){2}([0-9a-f]{12}: Pushed\n){2}2: digest: sha256:[0-9a-f]{64} size: \\d+\n$`,
    ),
  );
  const digest = /digest: (sha256:\w+)/.exec(first)?.[1] as string;
  expect((await registry.manifest('team/base', '2')).digest).toBe(digest);
  const second = await bench.okHere('home', ['push', `${host}/team/base:2`]);
  expect(second.match(/Layer already exists/g)).toHaveLength(2);
  expect(second).toContain(`digest: ${digest}`);

  const pulled = bench.ok('there', ['pull', `${host}/team/base:2`]);
  expect(pulled).toMatch(
    new RegExp(
      `^2: Pulling from team/base\n(\\w{12}: (Pulling fs layer|Download complete|Pull complete)\n){6}Digest: ${digest}\nStatus: Downloaded newer image for ${host}/team/base:2\n${host}/team/base:2\n$`,
    ),
  );
  expect(await bench.okHere('there', ['pull', '-q', `${host}/team/base:2`])).toBe(`${host}/team/base:2\n`);
  const again = await bench.okHere('there', ['pull', `${host}/team/base:2`]);
  expect(again.match(/Already exists/g)).toHaveLength(2);
  expect(again).toContain(`Status: Image is up to date for ${host}/team/base:2\n`);
  expect(await bench.okHere('there', ['run', '--network=none', '--rm', `${host}/team/base:2`, ...runs])).toBe(
    '1 /bin/l*\n',
  );

  bench.tag('there', `${host}/team/base:2`, `${host}/other/base:9`);
  const back = await bench.okHere('there', ['push', `${host}/other/base:9`]);
  expect(back.match(/Mounted from team\/base/g)).toHaveLength(2);
  expect(back).toContain(`digest: ${digest}`);
});

it('round trips with docker and skopeo in every order: the same manifest, the same image', {
  timeout: 300_000,
}, async () => {
  const sizes: string[] = [];
  for (const by of ['mica', 'docker', 'skopeo']) {
    // Whoever pushes first decides the manifest; everybody after that has to leave it as it is.
    const name = `trip/${by}`;
    if (by === 'mica') {
      bench.tag('home', 'base:2', `${host}/${name}:1`);
      await bench.okHere('home', ['push', '-q', `${host}/${name}:1`]);
    } else {
      await bench.okHere('home', ['save', '-o', join(bench.dir, `${by}.tar`), 'base:2']);
      if (by === 'docker') {
        docker.ok(['load', '-i', join(bench.dir, 'docker.tar')]);
        docker.ok(['tag', 'base:2', `${host}/${name}:1`]);
        docker.ok(['push', `${host}/${name}:1`]);
      } else
        skopeo(
          'copy',
          '-q',
          '--dest-tls-verify=false',
          `docker-archive:${bench.dir}/skopeo.tar`,
          `docker://${host}/${name}:1`,
        );
    }
    const { digest, bytes } = await registry.manifest(name, '1');
    sizes.push(JSON.parse(bytes.toString()).mediaType);

    await bench.okHere(`via-${by}`, ['pull', '-q', `${host}/${name}:1`]);
    expect(await bench.okHere(`via-${by}`, ['run', '--network=none', '--rm', `${host}/${name}:1`, ...runs])).toBe(
      '1 /bin/l*\n',
    );
    // On through an archive and another store, and back into the registry.
    await bench.okHere(`via-${by}`, ['save', '-o', join(bench.dir, `${by}-2.tar`), `${host}/${name}:1`]);
    await bench.okHere(`via2-${by}`, ['load', '-i', join(bench.dir, `${by}-2.tar`)]);
    expect(await bench.okHere(`via2-${by}`, ['push', `${host}/${name}:1`])).toContain(`digest: ${digest}`);
    expect((await registry.manifest(name, '1')).bytes.equals(bytes)).toBe(true);
    skopeo('copy', '-q', '--src-tls-verify=false', `docker://${host}/${name}:1`, `oci:${bench.dir}/${by}-oci:x`);
    docker.ok(['pull', `${host}/${name}:1`]);
    expect(docker.ok(['run', '--rm', '--network', 'none', `${host}/${name}:1`, ...runs])).toBe('1 /bin/l*\n');
    expect(docker.ok(['inspect', '-f', '{{json .RepoDigests}}', `${host}/${name}:1`])).toContain(digest as string);
  }
  expect(new Set(sizes).size).toBe(2);
});

async function publish(repository: string): Promise<string> {
  const name = `${host}/${repository}`;
  bench.tag('home', 'base:2', `${name}:2`);
  await bench.okHere('home', ['push', '-q', `${name}:2`]);
  return name;
}

it('run brings an absent image; --pull says when', async () => {
  const name = `${await publish('lazy/base')}:2`;
  expect(bench.run('lazy', ['run', '--pull', 'never', name, 'true'])).toMatchObject({
    code: 125,
    err: expect.stringContaining('No such image'),
  });
  const { code, out, err } = bench.run('lazy', ['run', '--rm', name, ...runs]);
  expect([code, out]).toEqual([0, '1 /bin/l*\n']);
  expect(err).toContain(`Unable to find image '${name}' locally\n2: Pulling from lazy/base\n`);
  expect(bench.run('lazy', ['run', '--rm', name, ...runs])).toMatchObject({ out: '1 /bin/l*\n', err: '' });
  expect(bench.run('lazy', ['run', '--rm', '--pull', 'always', name, ...runs]).err).toContain('Image is up to date');
  expect(bench.run('lazy', ['run', '--rm', `${host}/team/none:1`, 'true'])).toMatchObject({
    code: 125,
    err: expect.stringContaining(`manifest for ${host}/team/none:1 not found`),
  });
});

it('run and create take --insecure, as pull does: a registry without TLS that is no loopback', async () => {
  const name = `${(await publish('plain/base')).replace('127.0.0.1', '[::ffff:7f00:1]')}:2`;
  const at = name.split('/')[0] as string;
  expect(bench.run('plain', ['run', '--network=none', '--rm', name, 'true'])).toMatchObject({
    code: 125,
    err: expect.stringContaining('--insecure'),
  });
  expect(await bench.okHere('plain', ['run', '--network=none', '--rm', '-q', '--insecure', at, name, ...runs])).toBe(
    '1 /bin/l*\n',
  );
  await bench.okHere('plain-2', ['create', '-q', '--insecure', at, name, 'true']);
});

it('zstd and plain layers; a commit on a pulled image leaves its layers as they are', async () => {
  const name = `${host}/kinds/base`;
  for (const kind of ['zstd', 'none']) {
    bench.tag('home', 'base:2', `${name}:${kind}`);
    await bench.okHere('home', ['push', '-q', '--compression', kind, `${name}:${kind}`]);
    await bench.okHere(`kind-${kind}`, ['pull', '-q', `${name}:${kind}`]);
    expect(await bench.okHere(`kind-${kind}`, ['run', '--network=none', '--rm', `${name}:${kind}`, ...runs])).toBe(
      '1 /bin/l*\n',
    );
    const { digest, bytes } = await registry.manifest('kinds/base', kind);
    expect(bytes.toString()).toContain(kind === 'zstd' ? 'tar+zstd' : '.tar"');
    expect(await bench.okHere(`kind-${kind}`, ['push', `${name}:${kind}`])).toContain(`digest: ${digest}`);
  }
  await bench.okHere('kind-zstd', [
    'run',
    '--network=none',
    '--name',
    'more',
    `${name}:zstd`,
    'sh',
    '-c',
    'echo more > /more',
  ]);
  await bench.okHere('kind-zstd', ['commit', 'more', `${name}:more`]);
  expect((await bench.okHere('kind-zstd', ['push', `${name}:more`])).match(/Layer already exists/g)).toHaveLength(2);
  const [base, more] = await Promise.all(['zstd', 'more'].map((tag) => registry.manifest('kinds/base', tag)));
  const layers = (bytes: Buffer | undefined) =>
    JSON.parse(String(bytes)).layers.map(({ digest }: { digest: string }) => digest);
  expect(layers(more?.bytes).slice(0, 2)).toEqual(layers(base?.bytes));
  docker.ok(['pull', `${name}:none`]);
});

it('save brings zstd layers in a form that docker before 23 loads, and keeps the image as it is', async () => {
  const name = `${host}/kinds/old`;
  bench.tag('home', 'base:2', name);
  await bench.okHere('home', ['push', '-q', '--compression', 'zstd', name]);
  await bench.okHere('zstd', ['pull', '-q', name]);
  const archive = async (format: string) => {
    const path = join(bench.dir, `zstd-${format}.tar`);
    await bench.okHere('zstd', ['save', '--format', format, '-o', path, name]);
    return path;
  };
  const path = await archive('archive');
  expect(docker.ok(['load', '-i', path])).toBe(`Loaded image: ${name}:latest\n`);
  expect(docker.ok(['run', '--rm', '--network', 'none', name, ...runs])).toBe('1 /bin/l*\n');
  expect(skopeo('inspect', '--format', '{{.Digest}}', `docker-archive:${path}`)).toMatch(/^sha256:/);
  expect(await bench.okHere('zstd-back', ['load', '-i', path])).toBe(`Loaded image: ${name}:latest\n`);
  const blobs = (store: string) => readdirSync(join(bench.dir, store, 'blobs/sha256')).sort();
  expect(blobs('zstd-back')).toEqual(blobs('zstd'));
  expect(statSync(await archive('oci-archive')).size).toBeLessThan(statSync(path).size);
});

it('image ls --digests, rmi and image prune tell what goes', async () => {
  const name = await publish('list/base');
  await bench.okHere('list', ['pull', '-q', `${name}:2`]);
  const [, row] = bench.ok('list', ['image', 'ls', '--digests']).split('\n');
  expect(row).toMatch(new RegExp(`^${name} +2 +sha256:[0-9a-f]{64} +[0-9a-f]{12} `));
  const digest = /sha256:[0-9a-f]{64}/.exec(row as string)?.[0];
  expect(await bench.okHere('list', ['run', '--network=none', '--rm', `${name}@${digest}`, ...runs])).toBe(
    '1 /bin/l*\n',
  );
  bench.tag('list', `${name}:2`, 'mine:1');
  expect(await bench.okHere('list', ['rmi', `${name}:2`])).toBe(`Untagged: ${name}:2\nUntagged: ${name}@${digest}\n`);
  expect(bench.ok('list', ['rmi', 'mine:1'])).toMatch(/^Untagged: mine:1\n(Deleted: sha256:\w{64}\n){3}$/);

  await bench.okHere('list', ['pull', '-q', `${name}@${digest}`]);
  expect(await bench.okHere('list', ['images'])).toContain(`${name}   <none>`);
  expect(await bench.okHere('list', ['image', 'prune', '-f', '--filter', 'until=1h'])).toBe(
    'Total reclaimed space: 0B\n',
  );
  expect(bench.ok('list', ['image', 'prune', '-f'])).toMatch(
    new RegExp(
      `^Deleted Images:\nuntagged: ${name}@${digest}\n(deleted: sha256:\\w{64}\n){3}\nTotal reclaimed space: [\\d.]+MB\n$`,
    ),
  );
  expect(await bench.okHere('list', ['images', '-q'])).toBe('');
});
