import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Template, TemplateError } from '../../src/template/index.ts';

interface Golden {
  readonly data: unknown;
  readonly results: readonly { readonly template: string; readonly output: string; readonly error?: string }[];
}
const golden = JSON.parse(readFileSync(new URL('golden.json', import.meta.url), 'utf8')) as Golden;

/** As Go decodes JSON into interface{}: every object a map. */
function asMaps(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asMaps);
  if (typeof value !== 'object' || value === null) return value;
  return new Map(Object.entries(value).map(([key, item]) => [key, asMaps(item)]));
}
function run(source: string, data: unknown): { output: string; error?: string } {
  try {
    return { output: new Template(source).execute(data) };
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    return { output: '', error: error.message };
  }
}

describe('what Go itself gave (golden.go)', () => {
  const data = asMaps(golden.data);
  for (const { template, output, error } of golden.results)
    it(JSON.stringify(template), () => {
      const got = run(template, data);
      if (error === undefined) expect(got).toEqual({ output });
      else expect(got.error).toBe(error);
    });
});

describe('newer than the Go that wrote the golden file', () => {
  it('range over a number (Go 1.22)', () => expect(run('{{range 3}}{{.}}{{end}}', {}).output).toBe('012'));
  it('else with (Go 1.23)', () =>
    expect(run('{{with .A}}a{{else with .B}}{{.}}{{end}}', { A: '', B: 'b' }).output).toBe('b'));
});

describe('structs and methods', () => {
  const row = { Names: 'web', Label: (name: string) => `<${name}>` };
  it('a method takes arguments', () => expect(run('{{.Label "a"}}{{"b" | .Label}}', row).output).toBe('<a><b>'));
  it('a field that is not there is an error in the words of whose it is', () => {
    expect(run('{{.Nope}}', row).error).toBe(
      'template: :1:2: executing "" at <.Nope>: map has no entry for key "Nope"',
    );
    expect(() => new Template('{{.Nope}}').execute(row, (name) => `can't evaluate field ${name}`)).toThrow(
      "can't evaluate field Nope",
    );
  });
  it('nothing of the prototype is a field', () => {
    expect(run('{{.constructor}}', row).error).toMatch(/no entry/);
    expect(run('{{.__proto__}}', row).error).toMatch(/no entry/);
  });
});

it('any text is a template or a TemplateError, and one without {{ is itself', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'{{}}.$|"`()-/* \n:=aif'), maxLength: 40 }), (source) => {
      const { output } = run(source, golden.data);
      if (!source.includes('{{')) expect(output).toBe(source);
    }),
    { numRuns: 2000 },
  );
});
