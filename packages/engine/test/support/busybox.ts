import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import type { Engine } from '../../src/index.ts';
import { makeTar } from './tar.ts';

/** An image `base` that has busybox and no more; a container of it needs no network. */
export async function importBusybox(engine: Engine): Promise<void> {
  const busybox = readFileSync('/bin/busybox');
  const tar = await makeTar([{ name: 'bin/' }, { name: 'bin/busybox', body: busybox, mode: 0o755 }]);
  await engine.archives.import(Readable.from([tar]), { reference: 'base' });
}

/** One that runs for a minute, of the image `base`; its ID. */
export async function startBox(engine: Engine): Promise<string> {
  await importBusybox(engine);
  const command = ['/bin/busybox', 'sleep', '60'];
  const id = await engine.containers.create({ image: 'base', name: 'box', command, network: 'none' });
  await engine.containers.start(id);
  return id;
}
