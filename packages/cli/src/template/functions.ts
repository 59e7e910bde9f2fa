import { sprintf } from './printf.ts';
import { isTrue, show, toJson, typeName, type Value } from './value.ts';

type TemplateFunction = (...args: Value[]) => Value;

/** Go's builtins of text/template, and docker's own: json split join title lower upper pad truncate. */
const functions: Readonly<
  Record<string, { readonly arity: readonly [number, number]; readonly call: TemplateFunction }>
> = {
  not: { arity: [1, 1], call: (value) => !isTrue(value) },
  len: { arity: [1, 1], call: length },
  index: { arity: [1, Number.POSITIVE_INFINITY], call: (of, ...keys) => keys.reduce(index, of) },
  slice: { arity: [1, 4], call: slice },
  print: { arity: [0, Number.POSITIVE_INFINITY], call: print },
  println: { arity: [0, Number.POSITIVE_INFINITY], call: (...args) => `${args.map(show).join(' ')}\n` },
  printf: {
    arity: [1, Number.POSITIVE_INFINITY],
    call: (format, ...args) => sprintf(text(format), args),
  },
  eq: { arity: [1, Number.POSITIVE_INFINITY], call: (first, ...rest) => equalsAny(first, rest) },
  ne: { arity: [2, 2], call: (a, b) => !equal(a, b) },
  lt: { arity: [2, 2], call: (a, b) => compare(a, b) < 0 },
  le: { arity: [2, 2], call: (a, b) => compare(a, b) <= 0 },
  gt: { arity: [2, 2], call: (a, b) => compare(a, b) > 0 },
  ge: { arity: [2, 2], call: (a, b) => compare(a, b) >= 0 },
  urlquery: { arity: [0, Number.POSITIVE_INFINITY], call: (...args) => queryEscape(print(...args)) },
  json: { arity: [1, 1], call: toJson },
  split: { arity: [2, 2], call: (value, by) => text(value).split(text(by)) },
  join: { arity: [2, 2], call: (list, by) => items(list).map(show).join(text(by)) },
  title: { arity: [1, 1], call: (value) => text(value).replace(/(?<![\p{L}\p{N}_'])\p{L}/gu, (c) => c.toUpperCase()) },
  lower: { arity: [1, 1], call: (value) => text(value).toLowerCase() },
  upper: { arity: [1, 1], call: (value) => text(value).replace(/./gsu, upper) },
  pad: {
    arity: [3, 3],
    call: (value, before, after) =>
      text(value) === '' ? '' : ' '.repeat(whole(before)) + text(value) + ' '.repeat(whole(after)),
  },
  truncate: { arity: [2, 2], call: (value, width) => bytesOf(text(value), 0, whole(width)) },
};

/** `and` and `or` look at their arguments one by one, so the evaluator has them. */
export const functionNames: ReadonlySet<string> = new Set(['and', 'or', ...Object.keys(functions)]);

/** @throws Error with Go's words for a wrong number or kind of arguments */
export function callFunction(name: string, args: readonly Value[]): Value {
  const found = functions[name];
  if (found === undefined) throw new Error(`${JSON.stringify(name)} is not a defined function`);
  const [least, most] = found.arity;
  if (args.length < least || args.length > most) {
    const want = least === most ? String(least) : `at least ${least}`;
    throw new BadArguments(`wrong number of args for ${name}: want ${want} got ${args.length}`);
  }
  return found.call(...args);
}

/** Arguments too few, too many or of a wrong type: Go says this without "error calling NAME". */
export class BadArguments extends Error {}

function text(value: Value): string {
  if (typeof value === 'string') return value;
  throw new BadArguments(`wrong type for value; expected string; got ${typeName(value)}`);
}
function whole(value: Value): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0) return value;
  throw new BadArguments(`wrong type for value; expected int; got ${typeName(value)}`);
}
function items(value: Value): readonly Value[] {
  if (Array.isArray(value)) return value;
  if (value === null || value === undefined) return [];
  throw new BadArguments(`wrong type for value; expected []string; got ${typeName(value)}`);
}

function length(value: Value): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (Array.isArray(value)) return value.length;
  if (value instanceof Map) return value.size;
  if (value === null || value === undefined) throw new Error('len of nil pointer');
  throw new Error(`len of type ${typeName(value)}`);
}

function index(of: Value, key: Value): Value {
  if (of === null || of === undefined) throw new Error('index of untyped nil');
  if (of instanceof Map) {
    if (of.has(key)) return of.get(key);
    // A Go map gives its values' zero: the empty string in the maps that are asked for most (labels), else nil.
    return [...of.values()].every((value) => typeof value === 'string') ? '' : null;
  }
  if (!Array.isArray(of) && typeof of !== 'string') throw new Error(`can't index item of type ${typeName(of)}`);
  if (typeof key !== 'number' || !Number.isInteger(key))
    throw new Error(`cannot index slice/array with type ${typeName(key)}`);
  const all: ArrayLike<Value> = typeof of === 'string' ? Buffer.from(of) : of;
  if (key < 0 || key >= all.length) throw new Error(`index out of range: ${key}`);
  return all[key];
}

function slice(of: Value, ...bounds: Value[]): Value {
  if (typeof of !== 'string' && !Array.isArray(of)) throw new Error(`can't slice item of type ${typeName(of)}`);
  const limit = length(of);
  const [from = 0, to = limit] = bounds.map(whole);
  for (const bound of [from, to]) if (bound > limit) throw new Error(`index out of range: ${bound}`);
  if (from > to) throw new Error(`invalid slice index: ${from} > ${to}`);
  return typeof of === 'string' ? bytesOf(of, from, to) : of.slice(from, to);
}

/** Go's case mapping is one rune to one: ß stays ß. */
function upper(character: string): string {
  const large = character.toUpperCase();
  return large.length === character.length ? large : character;
}

/** Go counts a string in bytes. */
function bytesOf(value: string, from: number, to: number): string {
  return Buffer.from(value).subarray(from, to).toString();
}

/** fmt.Sprint: a space between two operands when neither is a string. */
function print(...args: Value[]): string {
  return args.reduce<string>((line, value, at) => {
    const apart = at > 0 && typeof value !== 'string' && typeof args[at - 1] !== 'string';
    return line + (apart ? ' ' : '') + show(value);
  }, '');
}

function equalsAny(first: Value, rest: readonly Value[]): boolean {
  if (rest.length === 0) throw new Error('missing argument for comparison');
  return rest.some((value) => equal(first, value));
}
function equal(a: Value, b: Value): boolean {
  const [left, right] = [a ?? null, b ?? null];
  if (left === null || right === null) return left === right;
  if (typeof left !== typeof right) throw new Error('incompatible types for comparison');
  if (typeof left === 'object') throw new Error(`non-comparable type ${show(left)}: ${typeName(left)}`);
  return left === right;
}
function compare(a: Value, b: Value): number {
  if (typeof a !== typeof b) throw new Error('incompatible types for comparison');
  if ((typeof a === 'number' && typeof b === 'number') || (typeof a === 'string' && typeof b === 'string'))
    return a < b ? -1 : a > b ? 1 : 0;
  throw new Error('invalid type for comparison');
}

/** url.QueryEscape. */
function queryEscape(value: string): string {
  return encodeURIComponent(value)
    .replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+');
}
