import { expect, test } from 'vitest';
import { parseNewName, parseReference } from '../../src/reference/reference.ts';

const hex = 'a'.repeat(64);
test.each([
  ['busybox', 'docker.io/library/busybox:latest', 'busybox:latest'],
  ['me/app:1', 'docker.io/me/app:1', 'me/app:1'],
  ['localhost:5000/a/b', 'localhost:5000/a/b:latest', 'localhost:5000/a/b:latest'],
  ['[::1]:5000/a', '[::1]:5000/a:latest', '[::1]:5000/a:latest'],
  ['localhost/a', 'localhost/a:latest', 'localhost/a:latest'],
  ['Host/a', 'Host/a:latest', 'Host/a:latest'],
  ['docker.io/library/a/b', 'docker.io/library/a/b:latest', 'library/a/b:latest'],
  [`${hex}a`, `docker.io/library/${hex}a:latest`, `${hex}a:latest`],
  ['x'.repeat(247), `docker.io/library/${'x'.repeat(247)}:latest`, `${'x'.repeat(247)}:latest`],
  [`index.docker.io/x@sha256:${hex}`, `docker.io/library/x@sha256:${hex}`, `x@sha256:${hex}`],
])('%s is %s', (text, canonical, familiar) => {
  expect(parseReference(text)).toMatchObject({ canonical, familiar });
  expect(parseReference(familiar).canonical).toBe(canonical);
});

test.each([
  '',
  'a b',
  'a//b',
  '../x',
  'a:',
  'a@sha256:12',
  `a:${'t'.repeat(129)}`,
  'x'.repeat(248),
  hex,
  `a@sha256:${hex}/../../x`,
  `a@sha512:${hex}${hex}/../x`,
])('%j is refused', (text) => {
  expect(() => parseReference(text)).toThrow(/invalid re(ference format|pository name)/);
});

test('upper case is named', () => {
  expect(() => parseReference('Busybox')).toThrow('invalid reference format: repository name must be lowercase');
});

test.each(['sha256', 'sha256:abc', 'docker.io/sha256:1', 'docker.io/library/sha256'])(
  'no image gets the name %s, which is the form of an ID',
  (text) => {
    expect(parseReference(text).repository).toBe('library/sha256');
    expect(() => parseNewName(text)).toThrow('refusing to create an ambiguous tag using digest algorithm as name');
  },
);

test.each(['me/sha256:1', 'localhost:5000/sha256:1', 'sha256sum:1'])('%s is a name as any other', (text) => {
  expect(parseNewName(text)).toEqual(parseReference(text));
});
