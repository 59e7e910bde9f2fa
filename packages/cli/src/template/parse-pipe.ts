import { type Cursor, shown } from './cursor.ts';
import { functionNames } from './functions.ts';
import type { Token } from './lex.ts';
import { literal } from './literal.ts';
import type { Command, Operand, Pipe } from './nodes.ts';

/** Parses what computes a value, as far as its `}}` or `)`, and knows which variables may be named in it. */
export class PipeParser {
  readonly #cursor: Cursor;
  /** Innermost last. */
  readonly #variables = ['$'];

  constructor(cursor: Cursor) {
    this.#cursor = cursor;
  }

  /** Variables that `parse` meets are known until it ends. */
  scoped<T>(parse: () => T): T {
    const depth = this.#variables.length;
    const parsed = parse();
    this.#variables.length = depth;
    return parsed;
  }

  /** Up to `}}` or `)`, which it takes; `context` is what Go calls the place. @throws TemplateError */
  pipe(context: string, until: 'close' | ')'): Pipe {
    const first = this.#cursor.peek();
    const { variables, assign } = this.#declarations(context);
    const commands: Command[] = [];
    for (;;) {
      const token = this.#cursor.peek();
      if (token.kind === 'close' || token.text === ')') {
        if (until === 'close' ? token.kind !== 'close' : token.text !== ')')
          throw this.#cursor.error(token, until === 'close' ? 'unexpected ")" in command' : 'unclosed left paren');
        if (commands.length === 0) throw this.#cursor.error(token, `missing value for ${context}`);
        this.#checkStages(commands);
        const text = this.#cursor.textFrom(first.at).trim();
        this.#cursor.advance();
        return { at: first.at, text, variables, assign, commands };
      }
      commands.push(this.#command());
    }
  }

  #declarations(context: string): { variables: string[]; assign: boolean } {
    const start = this.#cursor.position;
    const variables: string[] = [];
    for (let token = this.#cursor.peek(); token.kind === 'variable'; token = this.#cursor.peek()) {
      this.#cursor.advance();
      const sign = this.#cursor.peek();
      if (sign.text === ':=' || sign.text === '=') {
        variables.push(token.text);
        this.#cursor.advance();
        if (sign.text === ':=') this.#variables.push(...variables);
        return { variables, assign: sign.text === '=' };
      }
      if (sign.text !== ',') break;
      if (context !== 'range' || variables.length > 0)
        throw this.#cursor.error(sign, `too many declarations in ${context}`);
      variables.push(token.text);
      this.#cursor.advance();
    }
    this.#cursor.return(start);
    return { variables: [], assign: false };
  }

  /** Only the first stage of a pipe may be something that takes no argument. */
  #checkStages(commands: readonly Command[]): void {
    for (const [stage, command] of commands.entries()) {
      const kind = command.args[0]?.kind;
      if (stage > 0 && (kind === 'literal' || kind === 'nil' || kind === 'dot'))
        throw this.#cursor.error(command, `non executable command in pipeline stage ${stage + 1}`);
    }
  }

  #command(): Command {
    const first = this.#cursor.peek();
    const args: Operand[] = [];
    let text = '';
    for (;;) {
      const operand = this.#operand();
      if (operand !== null) {
        args.push(operand);
        // Not of the operands' own: their `at` is of the first name in a chain.
        text = this.#cursor.textFrom(first.at);
      }
      const token = this.#cursor.current;
      if (token.kind === 'space') {
        this.#cursor.advance();
        continue;
      }
      if (token.kind === 'close' || token.text === ')') break;
      if (token.text === '|') {
        this.#cursor.advance();
        break;
      }
      throw this.#cursor.error(token, `unexpected ${shown(token)} in operand`);
    }
    if (args.length === 0) throw this.#cursor.error(first, `unexpected ${shown(first)} in command`);
    return { at: first.at, text, args };
  }

  /** A term and the names that follow it (`.A.B`, `$x.A`, `(…).A`); null, and nothing taken, where there is none. */
  #operand(): Operand | null {
    const token = this.#cursor.current;
    const base = this.#term(token);
    if (base === null) return null;
    const names: string[] = [];
    let at = base.at;
    for (let next = this.#cursor.current; next.kind === 'field'; next = this.#cursor.current) {
      if (names.length === 0) at = next.at;
      names.push(next.text.slice(1));
      this.#cursor.advance();
    }
    if (names.length === 0) return base;
    const text = this.#cursor.textFrom(base.at);
    if (base.kind === 'field') return { ...base, at, text, names: [...base.names, ...names] };
    if (base.kind === 'variable' || base.kind === 'pipe') return { ...base, at, text, names };
    throw this.#cursor.error(token, `unexpected . after term ${JSON.stringify(token.text)}`);
  }

  #term(token: Token): Operand | null {
    const { at, text } = token;
    const start = this.#cursor.position;
    this.#cursor.advance();
    switch (token.kind) {
      case 'word':
        if (text === 'nil') return { kind: 'nil', at, text };
        if (text === 'true' || text === 'false') return { kind: 'literal', at, text, value: text === 'true' };
        if (!functionNames.has(text)) throw this.#cursor.error(token, `function ${JSON.stringify(text)} not defined`);
        return { kind: 'function', at, text, name: text };
      case 'field':
        return { kind: 'field', at, text, names: [text.slice(1)] };
      case 'variable':
        if (!this.#variables.includes(text))
          throw this.#cursor.error(token, `undefined variable ${JSON.stringify(text)}`);
        return { kind: 'variable', at, text, name: text, names: [] };
      case 'string':
      case 'number':
        return { kind: 'literal', at, text, value: literal(token, this.#cursor) };
      case 'sign':
        if (text === '.') return { kind: 'dot', at, text };
        if (text === '(') {
          const pipe = this.pipe('parenthesized pipeline', ')');
          return { kind: 'pipe', at, text: this.#cursor.textFrom(at), pipe, names: [] };
        }
    }
    this.#cursor.return(start);
    return null;
  }
}
