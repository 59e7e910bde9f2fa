// One bundle for its start-up time: koffi and piscina stay outside (they look for their own parts beside themselves).
import { copyFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
rmSync(here('dist'), { recursive: true, force: true });
await build({
  // threads are files of their own (engine/src/pool/thread.ts)
  entryPoints: {
    main: here('src/main.ts'),
    worker: here('../engine/src/worker.ts'),
    'hash-thread': here('../engine/src/commit/hash-thread.ts'),
  },
  outdir: here('dist'),
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node26',
  minify: true,
  external: ['koffi', 'piscina'],
  // commander is CommonJS inside: esbuild's shim needs a require
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
});
copyFileSync(here('../core-wasm/build/core.wasm'), here('dist/core.wasm'));
