import { quote } from './quote.ts';
import { show, typeName, type Value } from './value.ts';

/** Go's fmt.Sprintf for the verbs that have a meaning in a template: v s d q t x X f e g c %. */
export function sprintf(format: string, values: readonly Value[]): string {
  let next = 0;
  const text = format.replace(
    /%([-+# 0]*)(\d+|\*)?(?:\.(\d+))?(.|$)/gsu,
    (_all, flags: string, wide: string | undefined, precise: string | undefined, verb: string) => {
      if (verb === '%') return '%';
      if (verb === '') return '%!(NOVERB)';
      const width = wide === '*' ? Number(values[next++]) : Number(wide ?? 0);
      if (next >= values.length) return `%!${verb}(MISSING)`;
      const value = values[next++];
      const body = one(verb, value, flags, precise === undefined ? undefined : Number(precise));
      if (body === null) return `%!${verb}(${typeName(value)}=${show(value)})`;
      return pad(body, width, flags, typeof value === 'number');
    },
  );
  if (next >= values.length) return text;
  const extra = values.slice(next).map((value) => `${typeName(value)}=${show(value)}`);
  return `${text}%!(EXTRA ${extra.join(', ')})`;
}

function one(verb: string, value: Value, flags: string, precision: number | undefined): string | null {
  const signed = (text: string) => (flags.includes('+') && !text.startsWith('-') ? `+${text}` : text);
  const integer = typeof value === 'number' && Number.isInteger(value);
  switch (verb) {
    case 'v':
      return typeof value === 'number' ? signed(show(value)) : show(value);
    case 's':
      if (typeof value === 'number' || typeof value === 'boolean') return null;
      return precision === undefined ? show(value) : [...show(value)].slice(0, precision).join('');
    case 'q':
      return typeof value === 'string' ? quote(value) : null;
    case 't':
      return typeof value === 'boolean' ? String(value) : null;
    case 'd':
      return integer ? signed(String(value)) : null;
    case 'c':
      return integer ? String.fromCodePoint(value) : null;
    case 'x':
    case 'X': {
      const hex = integer
        ? value.toString(16)
        : typeof value === 'string'
          ? Buffer.from(value).toString('hex')
          : undefined;
      return hex === undefined ? null : verb === 'X' ? hex.toUpperCase() : hex;
    }
    case 'f':
      return typeof value === 'number' ? signed(value.toFixed(precision ?? 6)) : null;
    case 'e':
      return typeof value === 'number' ? signed(exponent(value.toExponential(precision ?? 6))) : null;
    case 'g':
      return typeof value === 'number'
        ? signed(precision === undefined ? show(value) : String(Number(value.toPrecision(precision))))
        : null;
    default:
      return null;
  }
}

/** Go writes at least two digits of exponent. */
function exponent(text: string): string {
  return text.replace(/e([+-])(\d)$/, 'e$10$2');
}

function pad(text: string, width: number, flags: string, number: boolean): string {
  const missing = width - [...text].length;
  if (missing <= 0) return text;
  if (flags.includes('-')) return text + ' '.repeat(missing);
  if (!flags.includes('0') || !number) return ' '.repeat(missing) + text;
  const sign = /^[+-]/.exec(text)?.[0] ?? '';
  return sign + '0'.repeat(missing) + text.slice(sign.length);
}
