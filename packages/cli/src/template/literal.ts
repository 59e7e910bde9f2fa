import type { Cursor } from './cursor.ts';
import type { Token } from './lex.ts';

const escapes: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  "'": "'",
  '"': '"',
};

/** The value of a string, character or number token, in Go's syntax. A character is its number. @throws TemplateError */
export function literal(token: Token, cursor: Cursor): string | number {
  if (token.kind === 'number') {
    const value = Number(
      token.text
        .replaceAll('_', '')
        .replace(/^\+/, '')
        .replace(/^-(0[xXbBoO].*)$/, '$1'),
    );
    if (Number.isNaN(value)) throw cursor.error(token, `bad number syntax: ${JSON.stringify(token.text)}`);
    return token.text.startsWith('-0') && /^-0[xXbBoO]/.test(token.text) ? -value : value;
  }
  if (token.text.startsWith('`')) return token.text.slice(1, -1);
  const text = resolveEscapes(token, cursor);
  if (token.text.startsWith('"')) return text;
  if ([...text].length !== 1) throw cursor.error(token, `malformed character constant: ${token.text}`);
  return text.codePointAt(0) as number;
}

function resolveEscapes(token: Token, cursor: Cursor): string {
  return token.text
    .slice(1, -1)
    .replace(
      /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.))/g,
      (_all, x?: string, u?: string, long?: string, octal?: string, other?: string) => {
        const hex = x ?? u ?? long;
        if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
        if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal, 8));
        const plain = escapes[other ?? ''];
        if (plain === undefined) throw cursor.error(token, 'invalid syntax');
        return plain;
      },
    );
}
