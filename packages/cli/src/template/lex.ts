import { TemplateError } from './nodes.ts';

type TokenKind =
  | 'text'
  | 'open' // {{
  | 'close' // }}
  | 'field' // .Name
  | 'variable' // $ or $name
  | 'word' // identifier, keyword, true, false, nil
  | 'string'
  | 'number'
  | 'space'
  | 'sign' // . | ( ) , = :=
  | 'end';
export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  readonly at: number;
}

/** One pattern a token, tried in this order where an action goes on (Go's text/template/parse/lex.go). */
const patterns: readonly (readonly [TokenKind, RegExp])[] = [
  ['space', /[ \t\r\n]+/y],
  ['number', /[+-]?(?:0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)/y],
  ['field', /\.[\p{L}_][\p{L}\p{Nd}_]*/uy],
  ['variable', /\$(?:[\p{L}_][\p{L}\p{Nd}_]*)?/uy],
  ['word', /[\p{L}_][\p{L}\p{Nd}_]*/uy],
  ['string', /"(?:[^"\\\n]|\\.)*"|`[^`]*`|'(?:[^'\\\n]|\\.)+'/y],
  ['sign', /:=|[.|(),=]/y],
];

/** Splits a template; white space that `{{-` and `-}}` trim is gone from the texts. @throws TemplateError */
export function lex(source: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  let trimNext = false;
  while (at < source.length) {
    const open = source.indexOf('{{', at);
    let text = source.slice(at, open < 0 ? source.length : open);
    if (trimNext) text = text.replace(/^[ \t\r\n]+/, '');
    const trims = open >= 0 && /^\{\{-[ \t\r\n]/.test(source.slice(open, open + 4));
    if (trims) text = text.replace(/[ \t\r\n]+$/, '');
    if (text !== '') tokens.push({ kind: 'text', text, at });
    if (open < 0) break;
    [at, trimNext] = lexAction(source, open, open + (trims ? 3 : 2), tokens);
  }
  tokens.push({ kind: 'end', text: '', at: source.length });
  return tokens;
}

/** Returns where the text goes on, and whether its leading space is trimmed. */
function lexAction(source: string, open: number, start: number, tokens: Token[]): [number, boolean] {
  const comment = /[ \t\r\n]*\/\*[\s\S]*?\*\/([ \t\r\n]+-)?\}\}/y;
  comment.lastIndex = start;
  const skipped = comment.exec(source);
  if (skipped) return [comment.lastIndex, skipped[1] !== undefined];
  tokens.push({ kind: 'open', text: '{{', at: open });
  for (let at = start; ; ) {
    const close = /([ \t\r\n]+-)?\}\}/y;
    close.lastIndex = at;
    const end = close.exec(source);
    if (end) {
      tokens.push({ kind: 'close', text: '}}', at });
      return [close.lastIndex, end[1] !== undefined];
    }
    if (at >= source.length) throw parseError(source, open, 'unclosed action');
    const token = nextToken(source, at);
    tokens.push(token);
    at += token.text.length;
  }
}

function nextToken(source: string, at: number): Token {
  for (const [kind, pattern] of patterns) {
    pattern.lastIndex = at;
    const text = pattern.exec(source)?.[0];
    if (text !== undefined) return { kind, text, at };
  }
  const character = String.fromCodePoint(source.codePointAt(at) as number);
  if (character === '"') throw parseError(source, at, 'unterminated quoted string');
  if (character === '`') throw parseError(source, at, 'unterminated raw quoted string');
  // Right behind a name it spoils the name; elsewhere it is a word of no meaning.
  if (/[\p{L}\p{Nd}_]/u.test(source[at - 1] ?? '')) {
    const code = (character.codePointAt(0) as number).toString(16).toUpperCase().padStart(4, '0');
    throw parseError(source, at, `bad character U+${code} '${character}'`);
  }
  throw parseError(source, at, `unexpected ${JSON.stringify(character)} in command`);
}

export function parseError(source: string, at: number, message: string): TemplateError {
  return new TemplateError(`template: :${source.slice(0, at).split('\n').length}: ${message}`);
}
