import type { OutputChunk } from 'rolldown';

/**
 * Modules that are loaded together, by the end of the path of what is imported when it is called: a file of its
 * own costs a command 1 ms, code in it that it does not need 0.1 ms per KB.
 */
const together: Readonly<Record<string, readonly string[]>> = {
  mica: ['cli/src/program.ts', 'commands/ps.ts', 'rolldown/runtime.js'],
  run: [
    ...['run', 'create', 'start', 'exec', 'stop', 'rm'].map((verb) => `commands/${verb}.ts`),
    ...['create', 'start', 'exec'].map((step) => `container/${step}.ts`),
  ],
  commit: ['commands/commit.ts', 'commands/diff.ts', 'commit/commit.ts', 'commit/changes.ts'],
};

/**
 * Puts all that a set of verbs imports into one chunk each; what several sets import goes into the first, which
 * every command loads, so that none loads another's for the sake of a few KB; the rest is split as rolldown would.
 * `chunks` are those of a build without it: they say which modules a verb needs.
 */
export function groupsOf(chunks: readonly OutputChunk[]): { name: string; test: (id: string) => boolean }[] {
  const byName = new Map(chunks.map((chunk) => [chunk.fileName, chunk]));
  const sets = Object.entries(together).map(([name, called]) => {
    const files = new Set<string>();
    const add = (file: string) => {
      if (files.has(file)) return;
      files.add(file);
      byName.get(file)?.imports.forEach(add);
    };
    for (const path of called) {
      const chunk = chunks.find((each) => Object.keys(each.modules).at(-1)?.endsWith(path));
      if (chunk === undefined) throw new Error(`nothing is imported as ${path} when it is called`);
      add(chunk.fileName);
    }
    return { name, modules: new Set([...files].flatMap((file) => Object.keys(byName.get(file)?.modules ?? {}))) };
  });
  const isShared = (id: string) => sets.filter(({ modules }) => modules.has(id)).length > 1;
  return sets.map(({ name, modules }, at) => ({
    name,
    test: (id) => (at === 0 ? modules.has(id) || isShared(id) : modules.has(id) && !isShared(id)),
  }));
}
