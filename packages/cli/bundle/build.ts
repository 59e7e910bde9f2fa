// A bundle for its start-up time. CommonJS, for node links some twenty ES modules 15 ms slower than it
// requires them; koffi stays outside (it looks for its own part beside itself), as does what piscina can do without.
// It goes to dist/made, which Nx keeps and puts back; publish.ts makes of it what commands run.
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type InputOptions, type OutputOptions, type Plugin, rolldown } from 'rolldown';
import { groupsOf } from './chunks.ts';
import { lazyBuiltins } from './lazy-builtins.ts';
import { plainExports } from './plain-exports.ts';
import { isSeldom, lazySeldom, requireAllSeldom, SELDOM } from './seldom.ts';
import { slimUndici } from './slim-undici.ts';

const here = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const made = (name: string) => here(`dist/made/${name}`);
rmSync(made(''), { recursive: true, force: true });
mkdirSync(made(''), { recursive: true });

/** What was read of each source: one may be changed while it is bundled, and the bundle is older then. */
const digests = new Map<string, string>();
const digested: Plugin = {
  name: 'digested',
  transform: {
    order: 'pre',
    handler(code, id) {
      digests.set(id, createHash('sha256').update(code).digest('hex'));
    },
  },
};
const common = {
  platform: 'node',
  external: ['koffi', '@napi-rs/nice', /^node:/],
  preserveEntrySignatures: 'allow-extension',
  plugins: [digested, slimUndici(), lazyBuiltins(), lazySeldom(), plainExports('mica')],
} satisfies InputOptions;
const bundle = await rolldown({ ...common, input: { main: here('src/main.ts') } });
const options: OutputOptions = {
  dir: made(''),
  format: 'cjs',
  minify: true,
  entryFileNames: '[name].js',
  chunkFileNames: '[name]-[hash].js',
};
const draft = await bundle.generate(options);
const groups = groupsOf(draft.output.filter((file) => file.type === 'chunk'));
const { output } = await bundle.generate({
  ...options,
  codeSplitting: {
    groups: [{ name: SELDOM, test: isSeldom, priority: 1 }, ...groups],
    includeDependenciesRecursively: false,
  },
});
requireAllSeldom(output.flatMap((file) => (file.type === 'chunk' && file.name === SELDOM ? file.moduleIds : [])));
// Threads are files of their own (engine/src/pool/thread.ts), and share nothing with the commands: each reads
// and compiles what it loads again, and the commands' chunks are ten times what a thread needs.
// Piscina begins its threads with the worker.js that lies beside it: in the bundle that is this one.
const threads = await rolldown({
  ...common,
  input: {
    worker: join(dirname(createRequire(here('../engine/package.json')).resolve('piscina')), 'worker.js'),
    tasks: here('src/tasks.ts'),
    'hash-thread': here('../engine/src/commit/hash-thread.ts'),
  },
});
output.push(...(await threads.generate({ ...options, chunkFileNames: 'thread-[name]-[hash].js' })).output);
for (const file of output) if (file.type === 'chunk') writeFileSync(made(file.fileName), inAscii(file.code));
writeFileSync(made('package.json'), '{ "type": "commonjs" }\n');
copyFileSync(here('../core-wasm/build/core.wasm'), made('core.wasm'));
const sources = sourcesOf(output);
writeFileSync(made('sources.json'), `${JSON.stringify(sources, null, 1)}\n`);
const folders = new Set(Object.keys(sources).map((path) => dirname(path)));
writeFileSync(made('folders.sh'), `mica_folders='${[...folders].join('\n')}'\n`);

/** The sources in the bundle, below packages/, and their SHA-256. bin/mica looks at the folders that they are in. */
function sourcesOf(files: typeof output): Record<string, string> {
  const packages = here('..');
  const modules = files.flatMap((file) => (file.type === 'chunk' ? file.moduleIds : []));
  const ours = [...new Set(modules)].filter((id) => id.startsWith(packages) && !id.includes('/node_modules/')).sort();
  return Object.fromEntries(ours.map((id) => [id.slice(packages.length), digests.get(id) ?? '']));
}

/** V8 keeps a text with one other character in two bytes a character: 10 ms more to read and scan it. */
function inAscii(code: string): string {
  return code.replace(/[^\0-\x7f]/g, (other) => `\\u${other.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
