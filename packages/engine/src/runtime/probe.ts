import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { enterPrivateMounts } from '../system/mount.ts';
import { runProgram } from '../system/spawn.ts';

const folder = '/run/mica';

/**
 * Whether a runtime can make containers on this machine: crun before 1.9 refuses some cgroup set-ups that
 * runc takes. Asked once a boot and program (path, size, time): the answer lies in /run, where only root writes.
 */
export function runtimeWorks(path: string): boolean {
  if (process.getuid?.() !== 0) return true; // whoever may make none hears of it when they try
  const { size, mtimeMs } = statSync(path);
  const answer = `${folder}/works-${path.replaceAll('/', '-')}-${size}-${mtimeMs}`;
  if (existsSync(answer)) return readFileSync(answer, 'utf8') === 'yes';
  mkdirSync(folder, { recursive: true, mode: 0o711 });
  const works = tryOne(path);
  writeFileSync(answer, works ? 'yes' : 'no', { mode: 0o600 });
  return works;
}

/** A container of an empty root: that its program is not there is the last thing that can be wrong with it. */
function tryOne(path: string): boolean {
  enterPrivateMounts();
  const bundle = mkdtempSync(`${folder}/probe-`);
  try {
    for (const name of ['proc', 'dev']) mkdirSync(`${bundle}/rootfs/${name}`, { recursive: true });
    const namespaces = ['pid', 'mount', 'ipc', 'uts', 'network'].map((type) => ({ type }));
    const config = {
      ociVersion: '1.0.2',
      root: { path: 'rootfs' },
      process: { args: ['/none'], cwd: '/', user: { uid: 0, gid: 0 }, env: ['PATH=/'] },
      mounts: [{ destination: '/proc', type: 'proc', source: 'proc' }],
      linux: { namespaces },
    };
    writeFileSync(`${bundle}/config.json`, JSON.stringify(config));
    const id = bundle.slice(folder.length + 1);
    const state = ['--root', `${bundle}/state`];
    const { stderr } = runProgram(path, [...state, 'run', '--bundle', bundle, id]);
    runProgram(path, [...state, 'delete', '--force', id]); // runc keeps one that failed
    return /no such file or directory|not found/i.test(stderr) && /none/.test(stderr);
  } finally {
    rmSync(bundle, { recursive: true, force: true });
  }
}
