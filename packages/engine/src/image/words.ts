/** What a variable is; undefined where it is not set. */
export type Lookup = (name: string) => string | undefined;

/**
 * Words as a Dockerfile has them: quotes and backslashes understood, and `$NAME`, `${NAME}`, `${NAME:-WORD}`,
 * `${NAME:+WORD}`, `${NAME:?WORD}`, each also without the colon, replaced outside single quotes.
 * @throws SyntaxError what docker says of one that is malformed
 */
export function wordsOf(text: string, lookup: Lookup): string[] {
  const reader = new Reader(text, lookup);
  const found: string[] = [];
  for (;;) {
    reader.skipSpace();
    if (reader.isAtEnd) return found;
    found.push(reader.read(space));
  }
}

/** The whole text as one word. */
export function wordOf(text: string, lookup: Lookup): string {
  return new Reader(text, lookup).read(nothing);
}

const space = (letter: string) => /\s/.test(letter);
const nothing = () => false;

class Reader {
  readonly #text: string;
  readonly #lookup: Lookup;
  #at = 0;

  constructor(text: string, lookup: Lookup) {
    this.#text = text;
    this.#lookup = lookup;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  skipSpace(): void {
    while (!this.isAtEnd && space(this.#letter)) this.#at++;
  }

  /** Up to a letter that ends it, which is not read, and is nothing in quotes. */
  read(ends: (letter: string) => boolean): string {
    let word = '';
    while (!this.isAtEnd && !ends(this.#letter)) {
      const letter = this.#take();
      if (letter === "'") word += this.#single();
      else if (letter === '"') word += this.#double();
      else if (letter === '$') word += this.#variable();
      else if (letter === '\\' && !this.isAtEnd) word += this.#take();
      else word += letter;
    }
    return word;
  }

  get #letter(): string {
    return this.#text[this.#at] as string;
  }
  #take(): string {
    return this.#text[this.#at++] as string;
  }

  #single(): string {
    const end = this.#text.indexOf("'", this.#at);
    if (end < 0) throw new SyntaxError('unexpected end of statement while looking for matching single-quote');
    const word = this.#text.slice(this.#at, end);
    this.#at = end + 1;
    return word;
  }

  #double(): string {
    let word = '';
    for (;;) {
      if (this.isAtEnd) throw new SyntaxError('unexpected end of statement while looking for matching double-quote');
      const letter = this.#take();
      if (letter === '"') return word;
      if (letter === '$') word += this.#variable();
      else if (letter === '\\' && !this.isAtEnd && /["$\\]/.test(this.#letter)) word += this.#take();
      else word += letter;
    }
  }

  /** Behind a `$`. */
  #variable(): string {
    if (this.isAtEnd || this.#letter !== '{') {
      const name = this.#name();
      return name === '' ? '$' : (this.#lookup(name) ?? '');
    }
    this.#at++;
    const name = this.#name();
    if (name === '') throw new SyntaxError('bad substitution');
    const value = this.#lookup(name);
    const modifier = /^:?[-+?]/.exec(this.#text.slice(this.#at))?.[0] ?? '';
    this.#at += modifier.length;
    const word = modifier === '' ? '' : this.read((letter) => letter === '}');
    if (this.isAtEnd) throw new SyntaxError("syntax error: missing '}'");
    if (this.#take() !== '}') throw new SyntaxError('unsupported modifier in substitution');
    const isSet = value !== undefined && (value !== '' || !modifier.startsWith(':'));
    if (modifier.endsWith('-')) return isSet ? value : word;
    if (modifier.endsWith('+')) return isSet ? word : '';
    if (modifier.endsWith('?') && !isSet) throw new SyntaxError(`${name}: ${word || 'not set'}`);
    return value ?? '';
  }

  #name(): string {
    // A shell's own, `$$` and the like, are never set.
    const name = /^(?:[A-Za-z_]\w*|[\d@*#?!$-])/.exec(this.#text.slice(this.#at))?.[0] ?? '';
    this.#at += name.length;
    return name;
  }
}
