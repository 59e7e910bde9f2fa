import type { Plugin } from 'rolldown';

/**
 * Node's own modules that are dear to load (crypto 7 ms, child_process with net and stream 7, https 34): a
 * bundled command loads one where it first uses something of it, not where a file imports it.
 */
const dear = [
  'child_process crypto dgram dns fs/promises http http2 https module net os perf_hooks readline readline/promises',
  'stream stream/promises string_decoder timers/promises tls tty util worker_threads zlib',
].flatMap((names) => names.split(' '));

const asked = new RegExp(`require\\(["'\`]node:(${dear.join('|')})["'\`]\\)`, 'g');
/** What the bundler does to a CommonJS module for `import x from`: it would ask for every name in it. */
const asWhole = /^([\w$]+) = [\w$.]+\(\1(?:, 1)?\);$/gm;
const stoodIn = /^(?:let|var|const) ([\w$]+) = __later\(/gm;
const loaded = /^(?:let|var|const) ([\w$]+) = require\(["'`]node:/gm;

/** A CommonJS file has its own already. */
const ownRequire = /\(0, [\w$]+\.createRequire\)\(__filename\)/g;

/** Stands in a chunk for a module: `default`, for who imports the whole of it, is the stand-in itself. */
const standIn = `const __later = (name) => {
  let module;
  const load = () => (module ??= process.getBuiltinModule('node:' + name));
  const later = new Proxy({}, {
    get: (_, key) => (key === 'default' ? later : load()[key]),
    has: (_, key) => key in load(),
    ownKeys: () => Reflect.ownKeys(load()),
    getOwnPropertyDescriptor: (_, key) => ({ value: load()[key], enumerable: true, configurable: true }),
  });
  return later;
};`;

/** What is extended or called at the top of a file is used there and then, and so loaded as ever. */
export function lazyBuiltins(): Plugin {
  return {
    name: 'lazy-builtins',
    renderChunk(code) {
      const lazy = code.replace(ownRequire, 'require').replace(asked, (_, name) => `__later(${JSON.stringify(name)})`);
      const named = (by: RegExp) => new Set([...lazy.matchAll(by)].map(([, name]) => name));
      const [later, now] = [named(stoodIn), named(loaded)];
      const whole = lazy.replace(asWhole, (line, name) => {
        if (later.has(name)) return '';
        // A getter for each of node:fs's and node:process's two hundred names is 3 ms.
        return now.has(name) ? `${name} = Object.create(${name}, { default: { value: ${name} } });` : line;
      });
      return lazy === code ? whole : `${standIn}\n${whole}`;
    },
  };
}
