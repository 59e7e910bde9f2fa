import { templateError } from './list.ts';

/** A description by docker's field names. */
export type Described = Readonly<Record<string, unknown>>;

/** What prints the found ones; made before anything is looked up, so that a bad template fails first. */
export async function objectPrinter(format: string | undefined): Promise<(found: readonly Described[]) => string> {
  if (format === undefined) return (found) => `${JSON.stringify(found, null, 4)}\n`;
  if (format === 'json') return (found) => `${JSON.stringify(found)}\n`;
  const { Template, TemplateError } = await import('./template/index.ts');
  const attempt = <T>(run: () => T): T => {
    try {
      return run();
    } catch (error) {
      // docker's own number for a template that does not parse or does not fit.
      throw error instanceof TemplateError ? templateError(error, 64) : error;
    }
  };
  const template = attempt(() => new Template(format));
  return (found) => attempt(() => found.map((one) => `${template.execute(withMaps(one))}\n`).join(''));
}

/** The fields that are maps in docker's own types; the rest are structs, whose missing fields are errors. */
const mapFields = new Set([
  'Labels',
  'Ports',
  'Networks',
  'ExposedPorts',
  'Volumes',
  'PortBindings',
  'Sysctls',
  'Tmpfs',
  'Options',
  'DriverOpts',
  'Data',
  'Containers',
]);
function withMaps(value: unknown, field = ''): unknown {
  if (Array.isArray(value)) return value.map((item) => withMaps(item));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, item]) => [key, withMaps(item, key)] as const);
  return mapFields.has(field) ? new Map(entries) : Object.fromEntries(entries);
}

/** One description: as text, or by --format (json, a template). */
export async function showDescription<T extends object>(
  described: T,
  format: string | undefined,
  text: (described: T) => string,
): Promise<void> {
  if (format === undefined) process.stdout.write(text(described));
  else if (format === 'json') process.stdout.write(`${JSON.stringify(described)}\n`);
  else process.stdout.write((await objectPrinter(format))([{ ...described } as Described]));
}
