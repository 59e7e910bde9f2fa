import { requireText } from '../argument.ts';
import type { ContainerState } from '../container/record.ts';
import { MicaError } from '../error.ts';
import { familiarName, parseReference } from '../reference/reference.ts';
import type { ContainerRow } from '../store/container-records.ts';

const fields = ['name', 'id', 'image', 'n', 'date'] as const;
const unique = /\{(name|id|n)\}/;

/**
 * Names for the images of many containers: `ckpt/{name}:{n}`. `{name}` and `{id}` (12 digits) are the
 * container's, `{image}` is the repository of its image, or 12 digits of its ID where it has no name, `{n}` counts from 1, `{date}` is the batch's
 * start in UTC, 20261124-143000.
 */
export class TagTemplate {
  readonly #text: string;
  readonly #date: string;

  /** @throws MicaError invalid-argument for an unknown field, or none that tells `count` containers apart */
  constructor(text: string, count: number, now: Date) {
    requireText(text, 'tag');
    for (const [whole, field] of text.matchAll(/\{([^{}]*)\}/g))
      if (!(fields as readonly string[]).includes(field as string))
        throw new MicaError('invalid-argument', `unknown field ${whole} in the tag template`, {
          subject: text,
          hint: `fields are ${fields.map((known) => `{${known}}`).join(' ')}`,
        });
    if (/[{}]/.test(text.replace(/\{[^{}]*\}/g, '')))
      throw new MicaError('invalid-argument', `a brace in the tag template ${text} has no other`, {
        subject: text,
        hint: `fields are ${fields.map((known) => `{${known}}`).join(' ')}`,
      });
    if (count > 1 && !unique.test(text))
      throw new MicaError('invalid-argument', `the tag template ${text} gives ${count} containers the same tag`, {
        subject: text,
        hint: 'put {name}, {id} or {n} in it',
      });
    this.#text = text;
    this.#date = now.toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15);
  }

  /** `names`: those that the container's image has now. */
  fill(row: ContainerRow<ContainerState>, n: number, names: readonly string[]): string {
    const image = repositoryOf(row, names);
    const values = { name: row.name, id: row.id.slice(0, 12), image, n: String(n), date: this.#date };
    return this.#text.replace(/\{(\w+)\}/g, (_, field: keyof typeof values) => values[field]);
  }
}

/** As it was named when the container was made; one that was made by an ID, as a fork is, by a name that the image has. */
function repositoryOf({ record, image }: ContainerRow<ContainerState>, names: readonly string[]): string {
  const { image: written } = record.options;
  const hex = image.replace('sha256:', '');
  const isID = /^(sha256:)?[0-9a-f]{4,}$/.test(written) && hex.startsWith(written.replace('sha256:', ''));
  if (isID) return names[0] === undefined ? hex.slice(0, 12) : familiarName(parseReference(names[0]));
  return written.replace(/@.*$/, '').replace(/:[^/:]*$/, '');
}
