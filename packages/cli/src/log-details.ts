/** What docker's inspect says of a container that {@link logDetails} needs. */
interface Logged {
  readonly Config: Readonly<Record<string, unknown>>;
  readonly HostConfig: Readonly<Record<string, unknown>>;
}

/**
 * `logs --details`: the labels and variables that `--log-opt labels` and `env` name, as docker has them before each
 * line: by name, escaped as in a query, a blank after them also where there are none.
 */
export function logDetails({ Config, HostConfig }: Logged): string {
  const asked = (HostConfig.LogConfig as { Config: Readonly<Record<string, string>> }).Config;
  const named = (list: string | undefined, all: ReadonlyMap<string, string>) =>
    (list ?? '').split(',').flatMap((name): [string, string][] => {
      const value = all.get(name);
      return value === undefined ? [] : [[name, value]];
    });
  const variables = (Config.Env as string[])
    .filter((entry) => entry.includes('='))
    .map((entry): [string, string] => {
      const at = entry.indexOf('=');
      return [entry.slice(0, at), entry.slice(at + 1)];
    });
  const labels = new Map(Object.entries(Config.Labels as Record<string, string>));
  // One name of both kinds is the variable's: docker fills its map in this order.
  const found = new Map([...named(asked.labels, labels), ...named(asked.env, new Map(variables))]);
  const pairs = [...found].sort(([one], [other]) => (one < other ? -1 : 1));
  return `${pairs.map(([name, value]) => `${escaped(name)}=${escaped(value)}`).join(',')} `;
}

/** Go's url.QueryEscape. */
function escaped(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+');
}
