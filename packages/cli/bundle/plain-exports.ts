import type { Plugin } from 'rolldown';
import { parseAst } from 'rolldown/parseAst';

/** What the bundler makes of one name that a chunk gives to others. */
const given =
  /^Object\.defineProperty\(exports, "([\w$]+)", \{\n\s*enumerable: true,\n\s*get: function \(\) \{\n\s*return ([\w$]+);\n\s*\}\n\}\);\n?/gm;
const asked = /^const (require_[\w$]+) = require\(["'`][^"'`]+["'`]\);$/gm;

/**
 * Chunks give one another values, and take each once: `const`s, which V8 compiles into the code that uses them. The
 * bundler has a getter for each of the shared chunk's 258 names, and calls one at every use: 1 ms of each command, 7 of
 * a commit of 10,000 files. `first` is the shared chunk: it loads before all others, so what they take of it is there.
 */
export function plainExports(first: string): Plugin {
  return {
    name: 'plain-exports',
    renderChunk(code, { name }) {
      const names = [...code.matchAll(given)].map(([, exported = '', own = '']) => [exported, own] as const);
      if (names.length === 0) return name === first ? null : taken(code, `require_${first}`);
      const assigned = assignedIn(code);
      const properties = names.map(([exported, own]) => {
        if (!assigned.has(own)) return exported === own ? own : `${exported}: ${own}`;
        if (name === first) throw new Error(`${own} is shared by all chunks, and assigned to`);
        return `get ${exported}() { return ${own}; }`;
      });
      const plain = `${code.replace(given, '')}\nmodule.exports = { ${properties.join(', ')} };\n`;
      return name === first ? alone(plain) : taken(plain, `require_${first}`);
    },
  };
}

/** Were it to load another chunk as it begins, that one would find nothing in it yet. */
function alone(code: string): string {
  const others = [...code.matchAll(asked)].map(([, other]) => other).filter((other) => !other?.includes('runtime'));
  if (others.length > 0) throw new Error(`the shared chunk loads others at its start: ${others.join(' ')}`);
  return code;
}

/** Uses of what `chunk` gives become uses of a constant. */
function taken(code: string, chunk: string): string {
  const use = new RegExp(`(?<![\\w$.])${chunk}\\.([\\w$]+)`, 'g');
  const names = [...new Set([...code.matchAll(use)].map(([, name]) => name))];
  if (names.length === 0) return code;
  const constants = names.map((name) => `${name}: ${chunk}$${name}`).join(', ');
  return code
    .replace(use, (_, name) => `${chunk}$${name}`)
    .replace(asked, (line, name) => (name === chunk ? `${line}\nconst { ${constants} } = ${chunk};` : line));
}

/** Every name that something assigns to after its declaration, in whatever scope. */
function assignedIn(code: string): Set<string> {
  const names = new Set<string>();
  const visit = (node: unknown, isTarget: boolean): void => {
    if (Array.isArray(node)) for (const each of node) visit(each, isTarget);
    if (typeof node !== 'object' || node === null || Array.isArray(node)) return;
    const { type, name } = node as { type?: string; name?: string };
    if (type === 'Identifier' && isTarget && name !== undefined) names.add(name);
    for (const [key, value] of Object.entries(node)) {
      const assigns =
        (type === 'AssignmentExpression' && key === 'left') ||
        (type === 'UpdateExpression' && key === 'argument') ||
        ((type === 'ForOfStatement' || type === 'ForInStatement') && key === 'left');
      visit(value, assigns || (isTarget && type !== 'MemberExpression' && type !== 'VariableDeclaration'));
    }
  };
  visit(parseAst(code).body, false);
  return names;
}
