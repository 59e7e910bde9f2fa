import { type Asked, PipeEvaluation } from './evaluate-pipe.ts';
import type { Node, Pipe } from './nodes.ts';
import { isTrue, show, sorted, type Value } from './value.ts';

type Leave = 'break' | 'continue' | undefined;

/** Runs a template on a value. @throws TemplateError, worded as Go's */
export class Evaluation {
  readonly #output: string[] = [];
  readonly #pipes: PipeEvaluation;
  readonly #data: Value;
  readonly #typed: boolean;

  /** `typed`: null is a nil pointer of a Go struct (`<nil>`), else a nil interface (`<no value>`). */
  constructor(source: string, data: Value, { typed = false, ...asked }: Asked & { readonly typed?: boolean }) {
    this.#pipes = new PipeEvaluation(source, data, asked);
    this.#data = data;
    this.#typed = typed;
  }

  run(nodes: readonly Node[]): string {
    this.#walk(nodes, this.#data);
    return this.#output.join('');
  }

  #walk(nodes: readonly Node[], dot: Value): Leave {
    for (const node of nodes) {
      const leave = this.#node(node, dot);
      if (leave !== undefined) return leave;
    }
    return undefined;
  }

  #node(node: Node, dot: Value): Leave {
    switch (node.kind) {
      case 'text':
        this.#output.push(node.text);
        return undefined;
      case 'action': {
        const value = this.#pipes.value(node.pipe, dot);
        if (node.pipe.variables.length === 0)
          this.#output.push(show(value === null && !this.#typed ? undefined : value));
        return undefined;
      }
      case 'break':
      case 'continue':
        return node.kind;
      case 'range':
        return this.#pipes.scoped(() => this.#range(node, dot));
      default:
        return this.#pipes.scoped(() => {
          const value = this.#pipes.value(node.pipe, dot);
          if (!isTrue(value)) return this.#walk(node.otherwise, dot);
          return this.#walk(node.body, node.kind === 'with' ? value : dot);
        });
    }
  }

  #range(node: Extract<Node, { kind: 'if' | 'with' | 'range' }>, dot: Value): Leave {
    const { variables, assign } = node.pipe;
    const value = this.#pipes.value({ ...node.pipe, variables: [] }, dot);
    const pairs = this.#items(node.pipe, value);
    if (pairs.length === 0) return this.#walk(node.otherwise, dot);
    for (const [key, item] of pairs) {
      const left = this.#pipes.scoped(() => {
        // One variable is the item, two are the key and the item.
        const given = variables.length > 1 ? [key, item] : [item];
        for (const [at, name] of variables.entries()) this.#pipes.set(name, given[at], assign);
        return this.#walk(node.body, item);
      });
      if (left === 'break') break;
    }
    return undefined;
  }

  #items(pipe: Pipe, value: Value): readonly (readonly [Value, Value])[] {
    if (value === null || value === undefined) return [];
    if (Array.isArray(value)) return [...value.entries()];
    if (value instanceof Map) return sorted(value);
    if (typeof value === 'number' && Number.isInteger(value))
      return Array.from({ length: Math.min(Math.max(value, 0), 1_000_000) }, (_none, at) => [at, at] as const);
    throw this.#pipes.error(pipe, `range can't iterate over ${show(value)}`);
  }
}
