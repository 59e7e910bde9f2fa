import { BadArguments, callFunction } from './functions.ts';
import { type Command, type Node, type Operand, type Part, type Pipe, TemplateError } from './nodes.ts';
import { isStruct, isTrue, show, sorted, type Value } from './value.ts';

/** What Go says of a field that is not there; it depends on whose field it is. */
export type MissingField = (name: string, value: Value) => string;

type Leave = 'break' | 'continue' | undefined;
/** docker's `headerFunctions`: what changes a value says nothing of its heading. */
const plainInHeadings = new Set(['json', 'title', 'lower', 'upper', 'truncate', 'split', 'join', 'pad']);
const noFinal = Symbol('no value from an earlier stage');

/** Runs a template on a value. @throws TemplateError, worded as Go's */
export class Evaluation {
  readonly #source: string;
  readonly #missing: MissingField;
  readonly #output: string[] = [];
  readonly #variables: [string, Value][];

  readonly #heading: boolean;
  readonly #typed: boolean;

  /** `typed`: null is a nil pointer of a Go struct (`<nil>`), else a nil interface (`<no value>`). */
  constructor(source: string, data: Value, missing: MissingField, { heading = false, typed = false } = {}) {
    this.#source = source;
    this.#heading = heading;
    this.#typed = typed;
    this.#missing = missing;
    this.#variables = [['$', data]];
  }

  run(nodes: readonly Node[]): string {
    this.#walk(nodes, this.#variables[0]?.[1]);
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
        const value = this.#pipe(node.pipe, dot);
        if (node.pipe.variables.length === 0)
          this.#output.push(show(value === null && !this.#typed ? undefined : value));
        return undefined;
      }
      case 'break':
      case 'continue':
        return node.kind;
      case 'range':
        return this.#scoped(() => this.#range(node, dot));
      default:
        return this.#scoped(() => {
          const value = this.#pipe(node.pipe, dot);
          if (!isTrue(value)) return this.#walk(node.otherwise, dot);
          return this.#walk(node.body, node.kind === 'with' ? value : dot);
        });
    }
  }

  #scoped<T>(run: () => T): T {
    const depth = this.#variables.length;
    try {
      return run();
    } finally {
      this.#variables.length = depth;
    }
  }

  #range(node: Extract<Node, { kind: 'if' | 'with' | 'range' }>, dot: Value): Leave {
    const { variables, assign } = node.pipe;
    const value = this.#pipe({ ...node.pipe, variables: [] }, dot);
    const pairs = this.#items(node.pipe, value);
    if (pairs.length === 0) return this.#walk(node.otherwise, dot);
    for (const [key, item] of pairs) {
      const left = this.#scoped(() => {
        // One variable is the item, two are the key and the item.
        const given = variables.length > 1 ? [key, item] : [item];
        for (const [at, name] of variables.entries()) this.#set(name, given[at], assign);
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
    throw this.#error(pipe, `range can't iterate over ${show(value)}`);
  }

  #pipe(pipe: Pipe, dot: Value): Value {
    let value: Value = noFinal;
    for (const command of pipe.commands) value = this.#command(command, dot, value);
    for (const name of pipe.variables) this.#set(name, value, pipe.assign);
    return value;
  }

  #set(name: string, value: Value, assign: boolean): void {
    const known = assign ? this.#variables.findLast(([other]) => other === name) : undefined;
    if (known) known[1] = value;
    else this.#variables.push([name, value]);
  }

  #command(command: Command, dot: Value, final: Value): Value {
    const [first, ...rest] = command.args as [Operand, ...Operand[]];
    if (first.kind === 'nil') throw this.#error(first, 'nil is not a command');
    if (first.kind === 'function') return this.#function(command, first.name, rest, dot, final);
    const takes =
      first.kind === 'field' || ((first.kind === 'variable' || first.kind === 'pipe') && first.names.length);
    if (!takes && (rest.length > 0 || final !== noFinal))
      throw this.#error(first, `can't give argument to non-function ${first.text}`);
    return this.#operand(first, dot, { args: rest, final });
  }

  #function(at: Part, name: string, args: readonly Operand[], dot: Value, final: Value): Value {
    if (name === 'and' || name === 'or') {
      let value: Value;
      for (const operand of args) {
        value = this.#operand(operand, dot);
        if (isTrue(value) === (name === 'or')) return value;
      }
      if (args.length === 0 && final === noFinal)
        throw this.#error(at, `wrong number of args for ${name}: want at least 1 got 0`);
      return final === noFinal ? value : final;
    }
    const values = args.map((operand) => this.#operand(operand, dot));
    if (final !== noFinal) values.push(final);
    if (this.#heading && plainInHeadings.has(name)) return values[0];
    return this.#guard(at, name, () => callFunction(name, values));
  }

  #guard(at: Part, name: string, call: () => Value): Value {
    try {
      return call();
    } catch (error) {
      if (error instanceof TemplateError) throw error;
      const message = (error as Error).message;
      if (error instanceof BadArguments) throw this.#error({ ...at, text: name }, message);
      throw this.#error(at, `error calling ${name}: ${message}`);
    }
  }

  #operand(operand: Operand, dot: Value, call?: { args: readonly Operand[]; final: Value }): Value {
    switch (operand.kind) {
      case 'dot':
        return dot;
      case 'nil':
        return null;
      case 'literal':
        return operand.value;
      case 'function':
        return this.#function(operand, operand.name, [], dot, noFinal);
      case 'field':
        return this.#fields(operand, dot, dot, operand.names, call);
      case 'variable': {
        const value = this.#variables.findLast(([name]) => name === operand.name)?.[1];
        return this.#fields(operand, dot, value, operand.names, call);
      }
      case 'pipe':
        return this.#fields(operand, dot, this.#pipe(operand.pipe, dot), operand.names, call);
    }
  }

  /** Only the last of a chain of names may take arguments. */
  #fields(
    at: Operand,
    dot: Value,
    start: Value,
    names: readonly string[],
    call?: { args: readonly Operand[]; final: Value },
  ): Value {
    return names.reduce<Value>((value, name, position) => {
      const found = this.#field(at, value, name);
      const given = position === names.length - 1 ? call : undefined;
      const args = (given?.args ?? []).map((operand) => this.#operand(operand, dot));
      if (given !== undefined && given.final !== noFinal) args.push(given.final);
      if (typeof found === 'function') return this.#guard(at, name, () => found(...args) as Value);
      if (args.length > 0) throw this.#error(at, `${name} is not a method but has arguments`);
      return found;
    }, start);
  }

  #field(at: Operand, value: Value, name: string): Value {
    if (value instanceof Map) return value.get(name);
    if (value === null || value === undefined) throw this.#error(at, `nil pointer evaluating interface {}.${name}`);
    if (isStruct(value) && Object.hasOwn(value, name)) return value[name];
    if (isStruct(value)) throw this.#error(at, this.#missing(name, value));
    throw this.#error(at, `can't evaluate field ${name} in type interface {}`);
  }

  #error(part: Part, message: string): TemplateError {
    const before = this.#source.slice(0, part.at);
    const line = before.split('\n').length;
    const column = Buffer.byteLength(before.slice(before.lastIndexOf('\n') + 1));
    return new TemplateError(`template: :${line}:${column}: executing "" at <${part.text}>: ${message}`);
  }
}
