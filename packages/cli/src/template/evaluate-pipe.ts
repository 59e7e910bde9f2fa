import { BadArguments, callFunction } from './functions.ts';
import { type Command, type Operand, type Part, type Pipe, TemplateError } from './nodes.ts';
import { isStruct, isTrue, type Value } from './value.ts';

/** What Go says of a field that is not there; it depends on whose field it is. */
export type MissingField = (name: string, value: Value) => string;

export interface Asked {
  readonly missing: MissingField;
  /** The values are the fields' headings. */
  readonly heading?: boolean;
}

/** docker's `headerFunctions`: what changes a value says nothing of its heading. */
const plainInHeadings = new Set(['json', 'title', 'lower', 'upper', 'truncate', 'split', 'join', 'pad']);
const noFinal = Symbol('no value from an earlier stage');

/** Computes the values of a template's pipes, and keeps its variables. */
export class PipeEvaluation {
  readonly #source: string;
  readonly #missing: MissingField;
  readonly #heading: boolean;
  /** Innermost last. */
  readonly #variables: [string, Value][];

  constructor(source: string, data: Value, { missing, heading = false }: Asked) {
    this.#source = source;
    this.#missing = missing;
    this.#heading = heading;
    this.#variables = [['$', data]];
  }

  /** Variables that `run` declares are there until it ends. */
  scoped<T>(run: () => T): T {
    const depth = this.#variables.length;
    try {
      return run();
    } finally {
      this.#variables.length = depth;
    }
  }

  /** What a pipe comes to; the variables it declares are set to that. @throws TemplateError */
  value(pipe: Pipe, dot: Value): Value {
    let value: Value = noFinal;
    for (const command of pipe.commands) value = this.#command(command, dot, value);
    for (const name of pipe.variables) this.set(name, value, pipe.assign);
    return value;
  }

  /** `assign` sets a variable that is there, else a new one is made. */
  set(name: string, value: Value, assign: boolean): void {
    const known = assign ? this.#variables.findLast(([other]) => other === name) : undefined;
    if (known) known[1] = value;
    else this.#variables.push([name, value]);
  }

  #command(command: Command, dot: Value, final: Value): Value {
    const [first, ...rest] = command.args as [Operand, ...Operand[]];
    if (first.kind === 'nil') throw this.error(first, 'nil is not a command');
    if (first.kind === 'function') return this.#function(command, first.name, rest, dot, final);
    const takes =
      first.kind === 'field' || ((first.kind === 'variable' || first.kind === 'pipe') && first.names.length);
    if (!takes && (rest.length > 0 || final !== noFinal))
      throw this.error(first, `can't give argument to non-function ${first.text}`);
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
        throw this.error(at, `wrong number of args for ${name}: want at least 1 got 0`);
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
      if (error instanceof BadArguments) throw this.error({ ...at, text: name }, message);
      throw this.error(at, `error calling ${name}: ${message}`);
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
        return this.#fields(operand, dot, this.value(operand.pipe, dot), operand.names, call);
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
      if (args.length > 0) throw this.error(at, `${name} is not a method but has arguments`);
      return found;
    }, start);
  }

  #field(at: Operand, value: Value, name: string): Value {
    if (value instanceof Map) return value.get(name);
    if (value === null || value === undefined) throw this.error(at, `nil pointer evaluating interface {}.${name}`);
    if (isStruct(value) && Object.hasOwn(value, name)) return value[name];
    if (isStruct(value)) throw this.error(at, this.#missing(name, value));
    throw this.error(at, `can't evaluate field ${name} in type interface {}`);
  }

  /** As Go words it, with line and column of the part. */
  error(part: Part, message: string): TemplateError {
    const before = this.#source.slice(0, part.at);
    const line = before.split('\n').length;
    const column = Buffer.byteLength(before.slice(before.lastIndexOf('\n') + 1));
    return new TemplateError(`template: :${line}:${column}: executing "" at <${part.text}>: ${message}`);
  }
}
