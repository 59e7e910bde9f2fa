import type { Engine, ImageSummary } from '@mica/engine';
import { type Filters, flagValue, hasLabels, parseFilters } from '../flags/filter.ts';
import { madeAt } from '../flags/prune-filter.ts';
import { pointInTime } from '../flags/values.ts';
import { glob } from './glob.ts';
import { namesOf } from './image.ts';

const known = ['before', 'dangling', 'label', 'reference', 'since', 'until'] as const;

/** An image and those of its names that are listed. */
export interface ListedImage {
  readonly image: ImageSummary;
  readonly names: readonly (string | null)[];
}

/** docker's rules; `reference` patterns choose among an image's names too. */
export function filterImages(engine: Engine, given: readonly string[]): ListedImage[] {
  const all = engine.images.list();
  const filters = parseFilters(given, known);
  const tests = [...filters].map(([name, values]) => test(engine, all, name, values));
  const found = all.filter((image) => tests.every((holds) => holds(image)));
  return found.map((image) => ({ image, names: chosenNames(image, filters) })).filter(({ names }) => names.length > 0);
}

function chosenNames(image: ImageSummary, filters: Filters): (string | null)[] {
  const references = filters.get('reference');
  if (references === undefined) return namesOf(image);
  const patterns = references.map(glob);
  return namesOf(image).filter(
    (name) => name !== null && patterns.some((one) => forms(name).some((form) => one(form))),
  );
}

/** A pattern may be of the whole name or of the repository. */
function forms(name: string): string[] {
  const repository = name.includes('@') ? name.slice(0, name.indexOf('@')) : name.slice(0, name.lastIndexOf(':'));
  return [name, repository];
}

function test(
  engine: Engine,
  all: readonly ImageSummary[],
  name: string,
  values: readonly string[],
): (image: ImageSummary) => boolean {
  switch (name) {
    case 'dangling': {
      const wanted = values.map((value) => flagValue(name, value));
      return (image) => wanted.includes(image.repoTags.length === 0);
    }
    case 'label':
      return (image) => hasLabels(image.labels, values);
    case 'before':
    case 'since': {
      const times = values.map((value) => madeAt(engine.images.inspect(value).Created));
      return (image) =>
        times.some((time) => (name === 'before' ? madeAt(image.created) < time : madeAt(image.created) > time));
    }
    case 'until': {
      const times = values.map(pointInTime('until'));
      return (image) => times.some((time) => madeAt(image.created) < time);
    }
    default:
      // `reference` chooses names, later.
      return () => all.length > 0;
  }
}
