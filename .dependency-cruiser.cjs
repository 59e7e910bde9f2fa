const { readdirSync } = require('node:fs');

// The direction of imports. Data flows one way through the packages and, inside the engine, through the folders;
// an import against the stream is an error. `order` lists the engine's folders, each may import those before it.
const order = [
  'system',
  'reference',
  'hash',
  'store',
  'image',
  'images',
  'pool',
  'layer',
  'registry',
  'archive',
  'transfer',
  'tree',
  'overlay',
  'runtime',
  'files',
  'volume',
  'network',
  'container',
  'copy',
  'commit',
  'upkeep',
  'engine',
];
// A folder that the list forgets would be held by no rule, and nothing would say so. contract/ has types only, of several of them.
const folders = readdirSync(`${__dirname}/packages/engine/src`, { withFileTypes: true });
const unlisted = folders.filter((at) => at.isDirectory() && at.name !== 'contract' && !order.includes(at.name));
if (unlisted.length > 0) throw new Error(`not in the order of imports: ${unlisted.map(({ name }) => name).join(', ')}`);

// Nor these, though they come later: names are plain text, whatever the machine.
const apart = [['reference', 'system']];

const upstream = order.flatMap((folder, at) => {
  const later = order.slice(at + 1);
  return later.length === 0
    ? []
    : [
        {
          name: `engine-${folder}-imports-only-what-comes-before`,
          severity: 'error',
          from: { path: `^packages/engine/src/${folder}/` },
          to: { path: `^packages/engine/src/(${later.join('|')})/` },
        },
      ];
});

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'core-wasm-imports-no-package',
      severity: 'error',
      from: { path: '^packages/core-wasm/src' },
      to: { path: '^packages/(engine|cli|bench)/' },
    },
    {
      name: 'engine-does-not-know-its-callers',
      severity: 'error',
      from: { path: '^packages/engine/src' },
      to: { path: '^packages/(cli|bench)/' },
    },
    {
      name: 'cli-and-bench-apart',
      severity: 'error',
      from: { path: '^packages/cli/src' },
      to: { path: '^packages/bench/' },
    },
    {
      name: 'packages-by-their-front-door',
      comment: 'Another package is imported by its name, never by a path; tasks.ts is what threads begin with.',
      severity: 'error',
      from: { path: '^packages/([^/]+)/src' },
      to: { path: '^packages/(?!$1/)[^/]+/(?!src/(?:index|tasks)[.]ts)', dependencyTypesNot: ['npm', 'npm-dev'] },
    },
    {
      name: 'only-system-speaks-to-the-kernel',
      severity: 'error',
      from: { path: '^packages/(engine|cli)/src', pathNot: '^packages/engine/src/system/' },
      to: { path: 'node_modules/koffi' },
    },
    {
      name: 'the-facade-is-imported-by-nobody-below',
      severity: 'error',
      from: { path: `^packages/engine/src/(${order.join('|')})/` },
      to: { path: '^packages/engine/src/(engine|index)[.]ts' },
    },
    {
      name: 'sources-do-not-import-tests',
      severity: 'error',
      from: { path: '^packages/[^/]+/src' },
      to: { path: '^packages/[^/]+/test/' },
    },
    { name: 'not-to-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    ...apart.map(([later, before]) => ({
      name: `engine-${later}-does-without-${before}`,
      severity: 'error',
      from: { path: `^packages/engine/src/${later}/` },
      to: { path: `^packages/engine/src/${before}/` },
    })),
    ...upstream,
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|build|assembly)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
  },
};
