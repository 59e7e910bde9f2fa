/** What a template is once parsed. `at` is an offset in the source, `text` the source of the part, for messages. */
export interface Part {
  readonly at: number;
  readonly text: string;
}
export type Operand = Part &
  (
    | { readonly kind: 'dot' }
    | { readonly kind: 'nil' }
    | { readonly kind: 'literal'; readonly value: string | number | boolean }
    | { readonly kind: 'field'; readonly names: readonly string[] }
    | { readonly kind: 'variable'; readonly name: string; readonly names: readonly string[] }
    | { readonly kind: 'function'; readonly name: string }
    | { readonly kind: 'pipe'; readonly pipe: Pipe; readonly names: readonly string[] }
  );
export interface Command extends Part {
  readonly args: readonly Operand[];
}
export interface Pipe extends Part {
  readonly variables: readonly string[];
  /** `=` sets variables that are there, `:=` makes new ones. */
  readonly assign: boolean;
  readonly commands: readonly Command[];
}
export type Node =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'action'; readonly pipe: Pipe }
  | {
      readonly kind: 'if' | 'with' | 'range';
      readonly at: number;
      readonly pipe: Pipe;
      readonly body: readonly Node[];
      readonly otherwise: readonly Node[];
    }
  | { readonly kind: 'break' | 'continue' };

/** Carries the message as Go words it; the caller says whose template it was. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
}
