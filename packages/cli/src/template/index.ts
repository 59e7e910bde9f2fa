/**
 * Go's text/template as far as `--format` needs it: fields, methods, variables, pipes, parentheses, `if`,
 * `with`, `range` with `else`, `break` and `continue`, trim markers, comments, Go's builtins and docker's
 * functions. No named templates. What npm has is either a parser alone, untouched for years, or a few
 * substitutions; so it is here, held against Go itself by test/template/golden.json.
 */
import { Evaluation } from './evaluate.ts';
import type { MissingField } from './evaluate-pipe.ts';
import type { Node } from './nodes.ts';
import { parse } from './parse.ts';
import type { Value } from './value.ts';

export { TemplateError } from './nodes.ts';

const noEntry: MissingField = (name) => `map has no entry for key ${JSON.stringify(name)}`;

export class Template {
  readonly #source: string;
  readonly #nodes: readonly Node[];

  /** @throws TemplateError */
  constructor(source: string) {
    this.#source = source;
    this.#nodes = parse(source);
  }

  /** @throws TemplateError */
  execute(data: Value, missing: MissingField = noEntry): string {
    return new Evaluation(this.#source, data, { missing }).run(this.#nodes);
  }

  /** The same of what are structs in docker itself: a null is its nil pointer. @throws TemplateError */
  executeTyped(data: Value): string {
    return new Evaluation(this.#source, data, { missing: noEntry, typed: true }).run(this.#nodes);
  }

  /** The heading of a table: the template run on the fields' headings, which docker's functions leave as they are. */
  heading(headings: Value): string {
    return new Evaluation(this.#source, headings, { missing: () => '', heading: true }).run(this.#nodes);
  }
}
