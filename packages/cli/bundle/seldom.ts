import type { Plugin } from 'rolldown';

/** The name of the chunk. */
export const SELDOM = 'seldom';

/** Of the engine, by folder: what every command imports, since a class has it all, and hardly any calls. */
const folders: Readonly<Record<string, string>> = {
  runtime: 'attach capabilities devices docker-defaults mounts pipe-lines probe resources seccomp spec',
  container:
    'attach env exec host-files inspect inspect-config inspect-host inspect-network rename rootfs rotate stats top update usage user',
  network: 'bridge connection endpoints foreign-firewall host-files name-server publish ruleset sandbox subnet',
  system: 'in-root mount netlink netns nftables nodes port rtnetlink seqpacket',
  layer: 'bounds decoder maker place-on-chain stack unpack unpacked-folders walk',
  overlay: 'stack',
  store: 'prune usage',
  volume: 'usage',
};
const modules = new Set(
  Object.entries(folders).flatMap(([folder, names]) => names.split(' ').map((name) => `${folder}/${name}`)),
);

export function isSeldom(id: string): boolean {
  return modules.has(moduleOf(id));
}

function moduleOf(id: string): string {
  return /\/engine\/src\/(.+)\.(?:ts|json)$/.exec(id)?.[1] ?? id;
}

/** `ids`: the modules in that chunk. A file that was renamed would be every command's again, and nothing would say so. */
export function requireAllSeldom(ids: readonly string[]): void {
  const found = new Set(ids.map(moduleOf));
  const missing = [...modules].filter((path) => !found.has(path));
  if (missing.length > 0) throw new Error(`not in the bundle, but listed as seldom called: ${missing.join(', ')}`);
}

const asked = new RegExp(`^const (require_${SELDOM}\\w*) = require\\((["'\`][^"'\`]+["'\`])\\);$`, 'm');

/**
 * A chunk that imports from that one loads it at its first call of something in it, not at its own start: a third of
 * what a small commit or `ps` read and compiled. Of what is loaded the bundler names each export by its chunk's
 * variable, so a call in that variable's place is all it takes; in brackets, or `new` would be its.
 */
export function lazySeldom(): Plugin {
  return {
    name: 'lazy-seldom',
    renderChunk(code) {
      const [line, name, file] = asked.exec(code) ?? [];
      if (line === undefined || name === undefined) return null;
      const used = code.replaceAll(new RegExp(`\\b${name}\\.`, 'g'), `(${name}()).`);
      // The whole of it under another name, say: what is no call by now would find a function in the module's place.
      if (new RegExp(`\\b${name}\\b(?!\\()`).test(used.replace(line, '')))
        throw new Error(`${name} is used in a way that this does not know`);
      return used.replace(line, `let loaded_${name};\nconst ${name} = () => (loaded_${name} ??= require(${file}));`);
    },
  };
}
