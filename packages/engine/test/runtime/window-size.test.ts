import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ContainerPaths } from '../../src/container/paths.ts';
import { Engine } from '../../src/index.ts';
import { importBusybox } from '../support/busybox.ts';

it.each([2, 3, 4, 5])(
  'of %i sizes that come faster than conmon reads them the last one is the terminal’s',
  async (count) => {
    const work = mkdtempSync(join(tmpdir(), 'mica-window-'));
    const root = join(work, 'store');
    const engine = new Engine({ root });
    try {
      await importBusybox(engine);
      const script =
        'for i in $(busybox seq 100); do [ "$(busybox stty size)" = "23 91" ] && exit; busybox sleep 0.1; done';
      const command = ['/bin/busybox', 'sh', '-c', `${script}; exit 9`];
      const id = await engine.containers.create({ image: 'base', command, tty: true, network: 'none' });
      const attachment = await engine.containers.startAttached(id);
      attachment.stdout.resume();
      const conmon = Number(readFileSync(join(new ContainerPaths(root).bundle(id), 'conmon.pid'), 'utf8'));
      process.kill(conmon, 'SIGSTOP');
      try {
        for (let more = count - 1; more >= 0; more--) attachment.resize(23 + more, 91 + more);
      } finally {
        process.kill(conmon, 'SIGCONT');
      }
      expect(await attachment.exit).toBe(0);
    } finally {
      for (const { id } of engine.containers.list(true)) await engine.containers.remove(id, true);
      engine.close();
      rmSync(new ContainerPaths(root).run, { recursive: true, force: true });
      rmSync(work, { recursive: true, force: true });
    }
  },
);
