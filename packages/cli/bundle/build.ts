// A bundle for its start-up time. CommonJS, for node links some twenty ES modules 15 ms slower than it
// requires them; koffi and piscina stay outside (they look for their own parts beside themselves).
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type InputOptions, type OutputOptions, rolldown } from 'rolldown';
import { groupsOf } from './chunks.ts';
import { lazyBuiltins } from './lazy-builtins.ts';
import { slimUndici } from './slim-undici.ts';

const here = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));
rmSync(here('dist'), { recursive: true, force: true });
mkdirSync(here('dist'));

const common = {
  platform: 'node',
  external: ['koffi', 'piscina', /^node:/],
  preserveEntrySignatures: 'allow-extension',
  plugins: [slimUndici(), lazyBuiltins()],
} satisfies InputOptions;
const bundle = await rolldown({ ...common, input: { main: here('src/main.ts') } });
const options: OutputOptions = {
  dir: here('dist'),
  format: 'cjs',
  minify: true,
  entryFileNames: '[name].js',
  chunkFileNames: '[name]-[hash].js',
};
const draft = await bundle.generate(options);
const groups = groupsOf(draft.output.filter((file) => file.type === 'chunk'));
const { output } = await bundle.generate({
  ...options,
  codeSplitting: { groups, includeDependenciesRecursively: false },
});
// Threads are files of their own (engine/src/pool/thread.ts), and share nothing with the commands: each reads
// and compiles what it loads again, and the commands' chunks are ten times what a thread needs.
const threads = await rolldown({
  ...common,
  input: {
    worker: here('../engine/src/worker.ts'),
    'hash-thread': here('../engine/src/commit/hash-thread.ts'),
  },
});
output.push(...(await threads.generate({ ...options, chunkFileNames: 'thread-[name]-[hash].js' })).output);
for (const file of output) if (file.type === 'chunk') writeFileSync(here(`dist/${file.fileName}`), inAscii(file.code));
writeFileSync(here('dist/package.json'), '{ "type": "commonjs" }\n');
copyFileSync(here('../core-wasm/build/core.wasm'), here('dist/core.wasm'));
writeFileSync(here('dist/sources.sh'), `mica_sources='${sourcesOf(output).join('\n')}'\n`);

/** What bin/mica looks at to see that the bundle is not older: the sources in it, below packages/. */
function sourcesOf(files: typeof output): string[] {
  const packages = here('..');
  const modules = files.flatMap((file) => (file.type === 'chunk' ? file.moduleIds : []));
  return [...new Set(modules)]
    .filter((id) => id.startsWith(packages) && !id.includes('/node_modules/'))
    .map((id) => id.slice(packages.length))
    .sort();
}

/** V8 keeps a text with one other character in two bytes a character: 10 ms more to read and scan it. */
function inAscii(code: string): string {
  return code.replace(/[^\0-\x7f]/g, (other) => `\\u${other.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
