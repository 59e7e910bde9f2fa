import { type Engine, MicaError } from '@mica/engine';

/**
 * IDs of the containers that `ps -a` shows for these filters, the oldest first. What to `ps` is a list with nothing in it,
 * or with everything, is here a backup that nobody has, or many that nobody wants. @throws MicaError
 */
export async function matching(engine: Engine, given: readonly string[]): Promise<string[]> {
  const { containerFilters, filterContainers } = await import('../rows/container-filter.ts');
  const filters = containerFilters(given);
  for (const [name, values] of filters)
    if (values.includes(''))
      throw new MicaError('invalid-argument', `invalid filter '${name}=': the value is empty`, {
        subject: '--filter',
        hint: 'an unset variable would choose every container: --all does so on purpose',
      });
  for (const image of filters.get('ancestor') ?? []) engine.images.inspect(image);
  return filterContainers(engine, engine.containers.list(true), filters)
    .map(({ id }) => id)
    .reverse();
}
