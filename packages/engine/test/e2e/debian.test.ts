import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Engine, runFolder } from '../../src/index.ts';
import { applyWithGnuTar } from '../support/gnu-tar-layers.ts';
import { differences, type TreeFacts, treeFacts } from '../support/tree.ts';

const checkout = fileURLToPath(new URL('../../../../', import.meta.url));
const work = mkdtempSync(join(tmpdir(), 'mica-debian-'));
const store = join(work, 'store');
const env = { ...process.env, MICA_ROOT: store };

function mica(...args: string[]): string {
  const done = spawnSync(join(checkout, 'bin/mica'), args, { env, encoding: 'utf8', maxBuffer: 1 << 26 });
  expect(`${done.stderr}(${done.status})`, args.join(' ')).toBe('(0)');
  return done.stdout.trim();
}

/** The tree of these directories, the uppermost first, by the kernel's own union: no code of ours between. */
function mountedTree(...dirs: string[]): TreeFacts {
  const at = mkdtempSync(join(work, 'merged-'));
  execFileSync('mount', ['-t', 'overlay', '-o', `ro,lowerdir=${dirs.join(':')}`, 'overlay', at]);
  try {
    return treeFacts(at);
  } finally {
    execFileSync('umount', [at]);
  }
}
const layerDir = (diffId: string) => join(store, 'layers', diffId.slice('sha256:'.length));

// Changes as an upgrade makes them, with the image's own tools; perl, for what coreutils cannot: setxattr(2).
const upgrade = String.raw`
set -e
mkdir -p /opt/app/deep/er; echo one > /opt/app/one; ln /opt/app/one /opt/app/uno; ln -s ../one /opt/app/deep/link
ln -s nowhere /opt/app/dangling; mkfifo /opt/app/pipe; : > /opt/app/empty
printf 'set user ID' > /opt/app/suid; chmod 4755 /opt/app/suid; chown 33:42 /opt/app/deep; chmod 2775 /opt/app/deep
echo changed >> /etc/debian_version; chmod 600 /etc/issue; chown 1000:1000 /etc/hostname
touch -d '2001-02-03 04:05:06.123456789' /opt/app/one; touch -d '1950-01-02 03:04:05.5' /etc/issue
touch -d '2106-02-07 06:28:17.000000001' /opt/app/empty; touch -h -d '2011-11-11 11:11:11.25' /opt/app/dangling
rm -r /usr/share/doc/apt; rm /usr/bin/yes
mv /usr/share/doc /usr/share/papers
rm -r /etc/skel; mkdir /etc/skel; echo new > /etc/skel/only-this
rm /etc/localtime; mkdir /etc/localtime; rm -r /media; echo file > /media
long=$(printf 'n%.0s' $(seq 1 240)); mkdir -p "/opt/$long/$long"; echo far > "/opt/$long/$long/$long"
echo bytes > "$(printf '/opt/latin-\351\377')"; echo utf8 > /opt/größe; echo x > '/opt/a b	c\d'
truncate -s 5000000 /opt/hole; printf end >> /opt/hole
perl -e '
  my $setxattr = {x86_64 => 188, aarch64 => 5}->{(split " ", qx(uname -m))[0]};
  my $set = sub { my ($path, $name, $value) = @_; syscall($setxattr, $path, $name, $value, length $value, 0) == 0 or die "$path: $!" };
  $set->("/opt/app/one", "user.note", "a\0b\nc=d");
  $set->("/etc/debian_version", "user.empty", "");
  $set->("/opt/app/deep", "user.on.a.directory", "yes");
  $set->("/opt/app/suid", "security.capability", pack("L<5", 0x02000001, 1 << 10, 0, 0, 0));
'
ln /usr/bin/perl /usr/bin/perl-again
mkdir /opt/many; for i in $(seq 1 500); do echo $i > /opt/many/$i; done
`;

const changes = `
rm -r usr/share/papers; mv opt/many opt/few; rm opt/few/1*; ln opt/few/2 opt/two; chmod 6711 usr/bin/perl
printf X | dd of=usr/bin/find bs=1 seek=999 conv=notrunc status=none; touch -r bin usr/bin/find; rm media; mkdir media
`;

let layers: string[];
let tree: TreeFacts;
let saved: string;
let layout: string;

beforeAll(() => {
  const rootfs = execFileSync(join(checkout, 'scripts/fixtures/debian.sh'), { encoding: 'utf8' }).trim();
  mica('import', rootfs, 'debian:base');
  mica('run', '--name', 'upgrade', 'debian:base', 'bash', '-c', upgrade);
  mica('commit', '-a', 'A. Tester', '-m', 'upgrade', 'upgrade', 'debian:upgraded');

  using engine = new Engine({ root: store });
  const image = (tag: string) => engine.images.list().find(({ repoTags }) => repoTags.includes(tag));
  const config = image('debian:upgraded')?.id.split(':') ?? [];
  const { rootfs: read } = JSON.parse(readFileSync(join(store, 'blobs', ...config), 'utf8')) as {
    rootfs: { diff_ids: string[] };
  };
  layers = read.diff_ids;
  const id = mica('ps', '-aq', '--no-trunc');
  tree = mountedTree(join(store, 'containers', id, 'upper'), layerDir(layers[0] ?? ''));
  saved = join(work, 'saved.tar');
  mica('save', '-o', saved, 'debian:upgraded');
  layout = join(work, 'layout');
  mkdirSync(layout);
  execFileSync('tar', ['-C', layout, '-xf', saved]);
}, 600_000);

afterAll(() => {
  for (const id of mica('ps', '-aq').split('\n').filter(Boolean)) mica('rm', '-f', id);
  const run = runFolder(store);
  for (const folder of [run, work]) rmSync(folder, { recursive: true, force: true });
});

it('the fixture is a whole Debian, and the script left its marks on it', () => {
  expect(tree.size).toBeGreaterThan(5000);
  expect(tree.get('/opt/app/uno')).toMatch(/user\.note=.* same as \/opt\/app\/one$/);
  expect(tree.get('/opt/app/suid')).toMatch(/^104755 .*security\.capability=/);
  expect(tree.get('/opt/latin-\xe9\xff')).toBeDefined();
  expect(tree.has('/usr/share/doc')).toBe(false);
});

it('the commit runs and shows the changes', () => {
  const seen = mica(
    'run',
    '--rm',
    'debian:upgraded',
    'bash',
    '-c',
    'tail -n1 /etc/debian_version; ls /etc/skel; cat /opt/many/500; test ! -e /usr/bin/yes; dpkg --version >/dev/null && stat -c %a /opt/app/suid',
  );
  expect(seen).toBe('changed\nonly-this\n500\n4755');
});

it('umoci unpacks the commit to the very tree that the container had', () => {
  const bundle = join(work, 'bundle');
  const [tag = ''] = execFileSync('umoci', ['list', '--layout', layout], { encoding: 'utf8' }).split('\n');
  execFileSync('umoci', ['unpack', '--image', `${layout}:${tag}`, bundle], { stdio: 'pipe' });
  // One exception: Go's archive/tar, which umoci reads with, takes an empty pax value for none at all.
  const wanted: TreeFacts = new Map([...tree].map(([path, fact]) => [path, fact.replace(' | user.empty=', '')]));
  expect(differences(wanted, treeFacts(join(bundle, 'rootfs')))).toEqual([]);
});

it('skopeo converts it to a docker-archive that GNU tar applies to the same tree', () => {
  const archive = join(work, 'docker.tar');
  execFileSync('skopeo', [
    'copy',
    '-q',
    '--insecure-policy',
    `oci-archive:${saved}`,
    `docker-archive:${archive}:debian:upgraded`,
  ]);
  const parts = join(work, 'parts');
  const rootfs = join(work, 'applied');
  for (const folder of [parts, rootfs]) mkdirSync(folder);
  execFileSync('tar', ['-C', parts, '-xf', archive]);
  const [image] = JSON.parse(readFileSync(join(parts, 'manifest.json'), 'utf8')) as { Layers: string[] }[];
  const layers = (image?.Layers ?? []).map((name) => join(parts, name));
  expect(layers).toHaveLength(2);
  applyWithGnuTar(layers, rootfs);
  expect(differences(tree, treeFacts(rootfs))).toEqual([]);
});

it('mica unpacks it without a mount to the same tree, and commits that as unchanged', () => {
  const plain = join(work, 'plain');
  expect(mica('unpack', '--quiet', 'debian:upgraded', plain)).toBe(plain);
  expect(differences(tree, treeFacts(plain))).toEqual([]);
  mica('commit', '--from', plain, 'debian:upgraded', 'debian:same');
  expect(mica('diff', 'debian:upgraded', 'debian:same')).toBe('');
  expect(mica('layers', 'debian:same').split('\n')).toHaveLength(3);
  // Bytes, modes, links and names changed by the tools of the host; the image of it is the directory again.
  execFileSync('sh', ['-ec', changes], { cwd: plain });
  mica('commit', '--from', plain, '-m', 'by hand', 'debian:upgraded', 'debian:changed');
  const again = join(work, 'again');
  mica('unpack', '--quiet', 'debian:changed', again);
  expect(differences(treeFacts(plain), treeFacts(again))).toEqual([]);
});

it('mica itself unpacks it for overlay to the same tree', () => {
  expect(layers).toHaveLength(2);
  expect(differences(tree, mountedTree(...layers.map(layerDir).toReversed()))).toEqual([]);
});
