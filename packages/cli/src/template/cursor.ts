import { lex, parseError, type Token } from './lex.ts';
import type { TemplateError } from './nodes.ts';

/** Where a parser stands in a template's tokens. The last of them is `end`, and nothing goes past it. */
export class Cursor {
  readonly #source: string;
  readonly #tokens: readonly Token[];
  #next = 0;

  /** @throws TemplateError */
  constructor(source: string) {
    this.#source = source;
    this.#tokens = lex(source);
  }

  /** The token it stands at, be it a space. */
  get current(): Token {
    return this.#tokens[this.#next] as Token;
  }
  get previous(): Token {
    return this.#tokens[this.#next - 1] as Token;
  }
  get position(): number {
    return this.#next;
  }
  /** Back to where {@link position} was. */
  return(position: number): void {
    this.#next = position;
  }

  advance(): void {
    if (this.current.kind !== 'end') this.#next++;
  }
  /** Skips spaces; the token behind them, where it stands then. */
  peek(): Token {
    while (this.current.kind === 'space') this.#next++;
    return this.current;
  }
  /** Takes the `}}` that `word` stands before. @throws TemplateError */
  close(word: string): void {
    const token = this.peek();
    if (token.kind !== 'close') throw this.error(token, `unexpected ${shown(token)} in ${word}`);
    this.advance();
  }

  /** The source from an offset to where it stands. */
  textFrom(at: number): string {
    return this.#source.slice(at, this.current.at);
  }
  /** As Go words it, with the line of `where`. */
  error(where: { readonly at: number }, message: string): TemplateError {
    return parseError(this.#source, where.at, message);
  }
}

/** A token as Go's messages show it. */
export function shown(token: Token): string {
  if (token.kind === 'end') return 'EOF';
  return token.text === '.' ? '<.>' : JSON.stringify(token.text);
}
