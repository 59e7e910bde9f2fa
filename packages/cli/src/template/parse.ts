import { functionNames } from './functions.ts';
import { lex, parseError, type Token } from './lex.ts';
import { literal } from './literal.ts';
import type { Command, Node, Operand, Pipe } from './nodes.ts';

type Clause = 'else' | 'end' | 'eof';

/** A template's nodes, in Go's grammar without named templates. @throws TemplateError, worded as Go's */
export function parse(source: string): Node[] {
  return new Parser(source).all();
}

class Parser {
  readonly #source: string;
  readonly #tokens: readonly Token[];
  #next = 0;
  #loops = 0;
  /** Variables that may be named here, innermost last. */
  #variables = ['$'];

  constructor(source: string) {
    this.#source = source;
    this.#tokens = lex(source);
  }

  all(): Node[] {
    const [nodes, ended] = this.#list();
    if (ended !== 'eof') throw this.#error(this.#tokens[this.#next - 1] as Token, `unexpected {{${ended}}}`);
    return nodes;
  }

  /** Nodes up to `else`, `end` or the end; what follows the word stays to be read. */
  #list(): [Node[], Clause] {
    const nodes: Node[] = [];
    for (;;) {
      const token = this.#take();
      if (token.kind === 'end') return [nodes, 'eof'];
      if (token.kind === 'text') {
        nodes.push({ kind: 'text', text: token.text });
        continue;
      }
      const word = this.#peek();
      if (word.kind === 'word' && (word.text === 'else' || word.text === 'end')) {
        this.#takeWord();
        if (word.text === 'end') this.#close('end');
        return [nodes, word.text];
      }
      nodes.push(this.#action(word));
    }
  }

  #action(word: Token): Node {
    const kind = word.kind === 'word' ? word.text : '';
    if (kind === 'if' || kind === 'with' || kind === 'range') {
      this.#takeWord();
      return this.#control(kind, word);
    }
    if (kind === 'break' || kind === 'continue') {
      this.#takeWord();
      this.#close(kind);
      if (this.#loops === 0) throw this.#error(word, `{{${kind}}} outside {{range}}`);
      return { kind };
    }
    if (kind === 'define' || kind === 'template' || kind === 'block')
      throw this.#error(word, `{{${kind}}} is not supported: named templates have no use in a format`);
    return { kind: 'action', pipe: this.#pipe('command', 'close') };
  }

  #control(kind: 'if' | 'with' | 'range', word: Token): Node {
    const scope = this.#variables.length;
    const pipe = this.#pipe(kind, 'close');
    if (kind === 'range') this.#loops++;
    const [body, ended] = this.#list();
    if (kind === 'range') this.#loops--;
    let otherwise: Node[] = [];
    if (ended === 'eof') throw this.#error(this.#peek(), 'unexpected EOF');
    if (ended === 'else') otherwise = this.#otherwise(kind);
    this.#variables.length = scope;
    return { kind, at: word.at, pipe, body, otherwise };
  }

  #otherwise(kind: 'if' | 'with' | 'range'): Node[] {
    const word = this.#peek();
    // `else if` needs no `end` of its own.
    if (word.kind === 'word' && word.text === kind && kind !== 'range') {
      this.#takeWord();
      return [this.#control(kind, word)];
    }
    this.#close('else');
    const [nodes, ended] = this.#list();
    if (ended === 'eof') throw this.#error(this.#peek(), 'unexpected EOF');
    if (ended === 'else') throw this.#error(this.#peek(), 'expected end; found {{else}}');
    return nodes;
  }

  /** Up to `}}` or `)`, which it takes. */
  #pipe(context: string, until: 'close' | ')'): Pipe {
    const first = this.#peek();
    const { variables, assign } = this.#declarations(context);
    const commands: Command[] = [];
    for (;;) {
      const token = this.#peek();
      if (token.kind === 'close' || token.text === ')') {
        this.#next++;
        if (until === 'close' ? token.kind !== 'close' : token.text !== ')')
          throw this.#error(token, until === 'close' ? 'unexpected ")" in command' : 'unclosed left paren');
        if (commands.length === 0) throw this.#error(token, `missing value for ${context}`);
        this.#checkStages(commands);
        const text = this.#source.slice(first.at, token.at).trim();
        return { at: first.at, text, variables, assign, commands };
      }
      commands.push(this.#command());
    }
  }

  #declarations(context: string): { variables: string[]; assign: boolean } {
    const start = this.#next;
    const variables: string[] = [];
    for (let token = this.#peek(); token.kind === 'variable'; token = this.#peek()) {
      this.#next++;
      const sign = this.#peek();
      if (sign.text === ':=' || sign.text === '=') {
        variables.push(token.text);
        this.#next++;
        if (sign.text === ':=') this.#variables.push(...variables);
        return { variables, assign: sign.text === '=' };
      }
      if (sign.text !== ',') break;
      if (context !== 'range' || variables.length > 0) throw this.#error(sign, `too many declarations in ${context}`);
      variables.push(token.text);
      this.#next++;
    }
    this.#next = start;
    return { variables: [], assign: false };
  }

  /** Only the first stage of a pipe may be something that takes no argument. */
  #checkStages(commands: readonly Command[]): void {
    for (const [stage, { args, at }] of commands.entries()) {
      const kind = args[0]?.kind;
      if (stage > 0 && (kind === 'literal' || kind === 'nil' || kind === 'dot'))
        throw parseError(this.#source, at, `non executable command in pipeline stage ${stage + 1}`);
    }
  }

  #command(): Command {
    const first = this.#peek();
    const args: Operand[] = [];
    let end = first.at;
    for (;;) {
      const operand = this.#operand();
      if (operand !== null) {
        args.push(operand);
        // Not from the operand: its `at` is of the first name in its chain.
        end = (this.#tokens[this.#next] as Token).at;
      }
      const token = this.#tokens[this.#next] as Token;
      if (token.kind === 'space') {
        this.#next++;
        continue;
      }
      if (token.kind === 'close' || token.text === ')') break;
      if (token.text === '|') {
        this.#next++;
        break;
      }
      throw this.#error(token, `unexpected ${shown(token)} in operand`);
    }
    if (args.length === 0) throw this.#error(first, `unexpected ${shown(first)} in command`);
    return { at: first.at, text: this.#source.slice(first.at, end), args };
  }

  #operand(): Operand | null {
    const token = this.#tokens[this.#next] as Token;
    const base = this.#term(token);
    if (base === null) return null;
    const names: string[] = [];
    let at = base.at;
    for (
      let next = this.#tokens[this.#next] as Token;
      next.kind === 'field';
      next = this.#tokens[this.#next] as Token
    ) {
      if (names.length === 0) at = next.at;
      names.push(next.text.slice(1));
      this.#next++;
    }
    if (names.length === 0) return base;
    const text = this.#source.slice(base.at, (this.#tokens[this.#next] as Token).at);
    if (base.kind === 'field') return { ...base, at, text, names: [...base.names, ...names] };
    if (base.kind === 'variable' || base.kind === 'pipe') return { ...base, at, text, names };
    throw this.#error(token, `unexpected . after term ${JSON.stringify(token.text)}`);
  }

  #term(token: Token): Operand | null {
    const { at, text } = token;
    this.#next++;
    switch (token.kind) {
      case 'word':
        if (text === 'nil') return { kind: 'nil', at, text };
        if (text === 'true' || text === 'false') return { kind: 'literal', at, text, value: text === 'true' };
        if (!functionNames.has(text)) throw this.#error(token, `function ${JSON.stringify(text)} not defined`);
        return { kind: 'function', at, text, name: text };
      case 'field':
        return { kind: 'field', at, text, names: [text.slice(1)] };
      case 'variable':
        if (!this.#variables.includes(text)) throw this.#error(token, `undefined variable ${JSON.stringify(text)}`);
        return { kind: 'variable', at, text, name: text, names: [] };
      case 'string':
      case 'number':
        return { kind: 'literal', at, text, value: literal(token, this.#source) };
      case 'sign':
        if (text === '.') return { kind: 'dot', at, text };
        if (text === '(') {
          const pipe = this.#pipe('parenthesized pipeline', ')');
          return { kind: 'pipe', at, text: this.#source.slice(at, this.#tokens[this.#next]?.at), pipe, names: [] };
        }
    }
    this.#next--;
    return null;
  }

  /** The next token that is no space; `#next` points at it. */
  #peek(): Token {
    while (this.#tokens[this.#next]?.kind === 'space') this.#next++;
    return this.#tokens[this.#next] as Token;
  }
  #take(): Token {
    const token = this.#tokens[this.#next] as Token;
    if (token.kind !== 'end') this.#next++;
    return token;
  }
  #takeWord(): void {
    this.#peek();
    this.#next++;
  }
  #close(word: string): void {
    const token = this.#peek();
    if (token.kind !== 'close') throw this.#error(token, `unexpected ${shown(token)} in ${word}`);
    this.#next++;
  }
  #error(token: Token, message: string) {
    return parseError(this.#source, token.at, message);
  }
}

function shown(token: Token): string {
  if (token.kind === 'end') return 'EOF';
  return token.text === '.' ? '<.>' : JSON.stringify(token.text);
}
