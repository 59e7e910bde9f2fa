import { MicaError } from '@mica/engine';
import type { Command } from 'commander';
import { table } from './format.ts';
import { print } from './standard-output.ts';
import { alignTabs } from './table.ts';
import type { Template } from './template/index.ts';

/** A row's fields by the names that templates use; a function is a method (`.Label "app"`) and no part of its JSON. */
export type Row = Readonly<Record<string, string | ((...args: string[]) => string)>>;

export interface List<R extends Row> {
  /** Go's name of docker's row, for messages: `formatter.ContainerContext`. */
  readonly type: string;
  /** The heading of each field. */
  readonly headers: Readonly<Record<Extract<keyof R, string>, string>>;
  /** The fields of the default table, in order. */
  readonly columns: readonly Extract<keyof R, string>[];
}

export interface ListFlags {
  readonly format?: string;
  readonly quiet?: boolean;
}

/** Only IDs or names, also of a table, as in docker: any other format says more than `--quiet` leaves out. */
export function onlyNames({ quiet, format }: ListFlags): boolean {
  return quiet === true && (!format || format === 'table');
}

/** `--format` as every list has it. docker's: an empty one, such as an unset variable in a script, is none. */
export function addFormatFlag(command: Command): Command {
  return command.option('--format <string>', "table, 'table TEMPLATE', json, or a Go template");
}

/**
 * Prints rows as docker does: a table of the default columns, `table TEMPLATE`, `json` (one object a
 * line) or a template (one line a row). @throws MicaError invalid-argument: template parsing error
 */
export async function printList<R extends Row>(
  list: List<R>,
  rows: readonly R[],
  { format }: ListFlags = {},
): Promise<void> {
  print(await formatList(list, rows, format || 'table'));
}

/** The same as text. */
export function formatRows<R extends Row>(
  list: List<R>,
  rows: readonly R[],
  { format }: ListFlags = {},
): Promise<string> {
  return formatList(list, rows, format || 'table');
}

async function formatList<R extends Row>(list: List<R>, rows: readonly R[], format: string): Promise<string> {
  // The default is made without the template engine: `ps` starts faster for it.
  if (format === 'table') {
    const cells = (row: Row) => list.columns.map((column) => row[column] as string);
    return table(cells(list.headers), rows.map(cells));
  }
  const { Template, TemplateError } = await import('./template/index.ts');
  const isTable = format.startsWith('table');
  const source = (isTable ? format.slice(5) : format)
    .replace(/^ +| +$/g, '')
    .replaceAll('\\t', '\t')
    .replaceAll('\\n', '\n');
  try {
    const template = new Template(source === 'json' && !isTable ? '{{json .}}' : source);
    const missing = (name: string) => `can't evaluate field ${name} in type *${list.type}`;
    if (rows.length === 0) requireFields(template, list, missing);
    const lines = rows.map((row) => template.execute(row, missing));
    if (!isTable) return lines.map((line) => `${line}\n`).join('');
    return `${alignTabs([template.heading({ Label: labelHeading, ...list.headers }), ...lines].join('\n'))}\n`;
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    throw templateError(error);
  }
}

/** A misspelt field is told of where there is no row, too. What else an empty row stumbles over is no error of the template's. */
function requireFields<R extends Row>(template: Template, list: List<R>, missing: (name: string) => string): void {
  let unknown = false;
  const blank = { Label: () => '', ...Object.fromEntries(Object.keys(list.headers).map((field) => [field, ''])) };
  try {
    template.execute(blank, (name) => {
      unknown = true;
      return missing(name);
    });
  } catch (error) {
    if (unknown) throw error;
  }
}

export function templateError(error: Error, exitCode = 1): MicaError {
  return new MicaError('invalid-argument', `template parsing error: ${error.message}`, {
    cause: error,
    exitCode,
    hint: 'json, or a Go template: {{json .}} shows the fields that there are',
  });
}

/** The heading of `{{.Label "com.example.some-name"}}`: some name, in its own case as in docker. */
function labelHeading(name: string): string {
  return (name.split('.').at(-1) ?? '').replace(/[-_]/g, ' ');
}
