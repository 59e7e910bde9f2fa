import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { afterAll, expect, it } from 'vitest';
import { plainExports } from '../../bundle/plain-exports.ts';

const work = mkdtempSync(join(tmpdir(), 'mica-exports-'));
afterAll(() => rmSync(work, { recursive: true }));

/** Bundles the modules, of which `entries` are loaded by themselves and those named `shared…` make the shared chunk. */
async function bundled(name: string, modules: Record<string, string>, entries: readonly string[]) {
  const bundle = await rolldown({
    input: Object.fromEntries(entries.map((entry) => [entry, entry])),
    platform: 'node',
    preserveEntrySignatures: 'allow-extension',
    external: /^node:/,
    plugins: [
      {
        name: 'modules',
        resolveId: (id) => (id.replace('./', '') in modules ? id.replace('./', '') : null),
        load: (id) => modules[id] ?? null,
      },
      plainExports('shared'),
    ],
  });
  const dir = join(work, name);
  await bundle.write({
    dir,
    format: 'cjs',
    minify: true,
    chunkFileNames: '[name].js',
    codeSplitting: {
      groups: [
        { name: 'shared', test: (id: string) => id.startsWith('shared') },
        { name: 'state', test: (id: string) => id.startsWith('state') },
      ],
      includeDependenciesRecursively: false,
    },
  });
  writeFileSync(join(dir, 'package.json'), '{ "type": "commonjs" }');
  return createRequire(join(dir, 'x.js'));
}

const state = 'export let count = 0; export function up() { count++; }';

it('chunks share functions, classes and constants, and what a module assigns to later stays alive', async () => {
  const shared = `export const list = []; export class Base { name = 'base'; } export function twice(n) { return n * 2; }
    export const own = {}; own.list = list;`;
  const use = (name: string) => `import { list, Base, twice, own } from 'shared'; import { count, up } from 'state';
    export class Derived extends Base {} list.push('${name}');
    export function look(list2) { up(); const shadow = { list: 1 }; return [twice(count), new Derived().name, own.list === list, list.length, shadow.list]; }`;
  const load = await bundled('plain', { shared, state, one: use('one'), two: use('two') }, ['one', 'two']);
  const [one, two] = [load('./one.js'), load('./two.js')];
  expect(one.look()).toEqual([2, 'base', true, 2, 1]);
  expect(two.look()).toEqual([4, 'base', true, 2, 1]);
  expect(new two.Derived()).not.toBeInstanceOf(one.Derived);
  expect(readFileSync(join(work, 'plain/shared.js'), 'utf8')).not.toContain('defineProperty');
});

it('a shared chunk of what is assigned to, or that loads another as it begins, is no bundle', async () => {
  const one = "import { count, up } from 'shared'; export function look() { up(); return count; }";
  const two = "export { count } from 'shared'; export const more = 1;";
  await expect(bundled('assigned', { shared: state, one, two }, ['one', 'two'])).rejects.toThrow(
    'count is shared by all chunks, and assigned to',
  );
  const shared = "import { up } from 'state'; export function both() { up(); }";
  const uses = (name: string) =>
    `import { both } from 'shared'; import { up } from 'state'; export function ${name}() { both(); up(); }`;
  await expect(bundled('loads', { shared, state, one: uses('a'), two: uses('b') }, ['one', 'two'])).rejects.toThrow(
    'the shared chunk loads others at its start: require_state',
  );
});
