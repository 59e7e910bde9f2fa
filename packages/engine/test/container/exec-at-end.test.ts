import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ContainerPaths } from '../../src/container/paths.ts';
import { Engine } from '../../src/index.ts';
import { findProgram } from '../../src/runtime/oci-runtime.ts';
import { startBox } from '../support/busybox.ts';

it('an exec whose container ends meanwhile says that it does not run, as one a moment later', async () => {
  const work = mkdtempSync(join(tmpdir(), 'mica-ends-'));
  const root = join(work, 'store');
  const runtime = join(work, 'runtime');
  // Its exec finds the container gone, and says nothing.
  const script = `#!/bin/sh
case " $* " in *" exec "*)
  pid=$(cat ${work}/pid); kill -9 $pid
  while [ -d /proc/$pid ]; do sleep 0.01; done
  exit 1
esac
exec ${findProgram('crun') ?? findProgram('runc')} "$@"
`;
  writeFileSync(runtime, script, { mode: 0o755 });
  const engine = new Engine({ root, runtime });
  try {
    const id = await startBox(engine);
    writeFileSync(join(work, 'pid'), `${engine.containers.summary(id).pid}`);
    await expect(engine.containers.exec(id, { command: ['/bin/busybox', 'true'] })).rejects.toMatchObject({
      code: 'not-running',
      message: `Container ${id} is not running`,
      exitCode: 1,
    });
    await engine.containers.remove(id, true);
  } finally {
    engine.close();
    rmSync(new ContainerPaths(root).run, { recursive: true, force: true });
    rmSync(work, { recursive: true, force: true });
  }
});
