import { Cursor } from './cursor.ts';
import type { Token } from './lex.ts';
import type { Node } from './nodes.ts';
import { PipeParser } from './parse-pipe.ts';

type Clause = 'else' | 'end' | 'eof';

/** A template's nodes, in Go's grammar without named templates. @throws TemplateError, worded as Go's */
export function parse(source: string): Node[] {
  return new Parser(new Cursor(source)).all();
}

class Parser {
  readonly #cursor: Cursor;
  readonly #pipes: PipeParser;
  #loops = 0;

  constructor(cursor: Cursor) {
    this.#cursor = cursor;
    this.#pipes = new PipeParser(cursor);
  }

  all(): Node[] {
    const [nodes, ended] = this.#list();
    if (ended !== 'eof') throw this.#cursor.error(this.#cursor.previous, `unexpected {{${ended}}}`);
    return nodes;
  }

  /** Nodes up to `else`, `end` or the end; what follows the word stays to be read. */
  #list(): [Node[], Clause] {
    const nodes: Node[] = [];
    for (;;) {
      const token = this.#cursor.current;
      if (token.kind === 'end') return [nodes, 'eof'];
      this.#cursor.advance();
      if (token.kind === 'text') {
        nodes.push({ kind: 'text', text: token.text });
        continue;
      }
      const word = this.#cursor.peek();
      if (word.kind === 'word' && (word.text === 'else' || word.text === 'end')) {
        this.#cursor.advance();
        if (word.text === 'end') this.#cursor.close('end');
        return [nodes, word.text];
      }
      nodes.push(this.#action(word));
    }
  }

  #action(word: Token): Node {
    const kind = word.kind === 'word' ? word.text : '';
    if (kind === 'if' || kind === 'with' || kind === 'range') {
      this.#cursor.advance();
      return this.#control(kind, word);
    }
    if (kind === 'break' || kind === 'continue') {
      this.#cursor.advance();
      this.#cursor.close(kind);
      if (this.#loops === 0) throw this.#cursor.error(word, `{{${kind}}} outside {{range}}`);
      return { kind };
    }
    if (kind === 'define' || kind === 'template' || kind === 'block')
      throw this.#cursor.error(word, `{{${kind}}} is not supported: named templates have no use in a format`);
    return { kind: 'action', pipe: this.#pipes.pipe('command', 'close') };
  }

  #control(kind: 'if' | 'with' | 'range', word: Token): Node {
    return this.#pipes.scoped(() => {
      const pipe = this.#pipes.pipe(kind, 'close');
      if (kind === 'range') this.#loops++;
      const [body, ended] = this.#list();
      if (kind === 'range') this.#loops--;
      if (ended === 'eof') throw this.#cursor.error(this.#cursor.peek(), 'unexpected EOF');
      const otherwise = ended === 'else' ? this.#otherwise(kind) : [];
      return { kind, at: word.at, pipe, body, otherwise };
    });
  }

  #otherwise(kind: 'if' | 'with' | 'range'): Node[] {
    const word = this.#cursor.peek();
    // `else if` needs no `end` of its own.
    if (word.kind === 'word' && word.text === kind && kind !== 'range') {
      this.#cursor.advance();
      return [this.#control(kind, word)];
    }
    this.#cursor.close('else');
    const [nodes, ended] = this.#list();
    if (ended === 'eof') throw this.#cursor.error(this.#cursor.peek(), 'unexpected EOF');
    if (ended === 'else') throw this.#cursor.error(this.#cursor.peek(), 'expected end; found {{else}}');
    return nodes;
  }
}
