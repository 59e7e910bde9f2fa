import { templateError } from './list.ts';
import { report } from './report.ts';
import { print } from './standard-output.ts';

/** A description by docker's field names. */
export type Described = Readonly<Record<string, unknown>>;

/** What prints the found ones; made before anything is looked up, so that a bad template fails first. */
export async function objectPrinter(format: string | undefined): Promise<(found: readonly Described[]) => string> {
  if (!format) return (found) => `${JSON.stringify(found, null, 4)}\n`;
  if (format === 'json') return (found) => `${JSON.stringify(found)}\n`;
  const { Template, TemplateError } = await import('./template/index.ts');
  const { withAbsent } = await import('./template/absent.ts');
  const attempt = <T>(run: () => T, exitCode: number): T => {
    try {
      return run();
    } catch (error) {
      throw error instanceof TemplateError ? templateError(error, exitCode) : error;
    }
  };
  // docker's own numbers: 64 for a template that does not parse, 1 for one that does not fit.
  const template = attempt(() => new Template(format), 64);
  return (found) =>
    attempt(() => found.map((one) => `${template.executeTyped(withMaps(withAbsent, one))}\n`).join(''), 1);
}

/** docker inspect of one kind: what is found is printed together; a name that is not is told, and the rest goes on. */
export async function printEach(
  names: readonly string[],
  format: string | undefined,
  describe: (name: string) => Described,
): Promise<void> {
  const show = await objectPrinter(format);
  const found: Described[] = [];
  for (const name of names) {
    try {
      found.push(describe(name));
    } catch (error) {
      process.exitCode = report(error);
    }
  }
  print(show(found));
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
/** Fields that are pointers in docker's own types; any other null is a list or a map: empty, and null as JSON. */
const pointers = new Set([
  'Health',
  'Healthcheck',
  'IPAMConfig',
  'Init',
  'MemorySwappiness',
  'OomKillDisable',
  'PidsLimit',
  'StopTimeout',
  'UsageData',
]);
const asNull = (empty: object) => Object.defineProperty(empty, 'toJSON', { value: () => null });
type Complete = (struct: object, field: string) => object;

function withMaps(complete: Complete, value: unknown, field = '', parent = ''): unknown {
  const inner = (item: unknown, key: string) => withMaps(complete, item, key, field);
  if (Array.isArray(value)) return value.map((item) => inner(item, ''));
  if (value === null) return pointers.has(field) ? null : asNull(mapFields.has(field) ? new Map() : []);
  if (typeof value !== 'object') return value;
  const entries = Object.entries(value).map(([key, item]) => [key, inner(item, key)] as const);
  const isMap = mapFields.has(field) || (parent === 'LogConfig' && field === 'Config');
  return isMap ? new Map(entries) : complete(Object.fromEntries(entries), field || parent);
}

/** One description: as text, or by --format (json, a template). */
export async function showDescription<T extends object>(
  described: T,
  format: string | undefined,
  text: (described: T) => string,
): Promise<void> {
  if (!format) print(text(described));
  else if (format === 'json') print(`${JSON.stringify(described)}\n`);
  else print((await objectPrinter(format))([{ ...described } as Described]));
}
