import { expect, it } from 'vitest';
import { hasLabels } from '../src/flags/filter.ts';
import { addLabelMethod } from '../src/rows/labels.ts';
import { Template } from '../src/template/index.ts';

const inherited = ['toString', 'constructor', '__proto__'];

it('what every object of JavaScript has is no label', () => {
  for (const name of inherited) {
    expect(hasLabels({ app: 'web' }, [name]), name).toBe(false);
    const row = {};
    addLabelMethod(row, { app: 'web' });
    expect(new Template(`{{.Label "${name}"}}{{.Label "app"}}`).execute(row), name).toBe('web');
  }
});

it('a label may have such a name all the same', () => {
  const labels = Object.fromEntries(inherited.map((name) => [name, 'own']));
  for (const name of inherited) expect(hasLabels(labels, [`${name}=own`]), name).toBe(true);
});

it('a label without a name, of several, or of a number is an error, as in docker', () => {
  const row = {};
  addLabelMethod(row, { app: 'web' });
  for (const format of ['{{.Label}}', '{{.Label "app" "b"}}', '{{.Label 3}}'])
    expect(() => new Template(format).execute(row), format).toThrow('Label');
});
