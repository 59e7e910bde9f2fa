import type { CreateOptions } from '@mica/engine';

/**
 * What a container's monitor runs after its end: for one that must be removed then with nobody waiting, and
 * for one that holds host ports or a name on a user network, which would else point at nothing until the
 * next command. Others need nothing; a run of Node takes 45 MB and 60 ms.
 */
export function afterEnd(root: string, options: CreateOptions, attached: boolean): Partial<CreateOptions> {
  const removes = options.remove === true && !attached;
  const network = options.network ?? 'bridge';
  const named = !['bridge', 'default', 'none', 'host'].includes(network) && !network.startsWith('container:');
  const held = (options.ports ?? []).length > 0 || options.publishAll === true || named;
  if (!removes && !held) return {};
  const words = [process.execPath, process.argv[1] ?? '', '--root', root, 'sweep', ...(removes ? [] : ['--keep'])];
  const quote = (word: string) => `'${word.replaceAll("'", "'\\''")}'`;
  // conmon starts it while it still holds the container's folder: a moment later it does not.
  return { exitCommand: ['/bin/sh', '-c', `sleep 0.2; exec ${words.map(quote).join(' ')}`] };
}
