import { expect, it } from 'vitest';
import { shownName, shownText } from '../src/image-path.ts';

it('a name on a terminal drives nothing: no control character, no turned line, no byte that is no UTF-8', () => {
  const name = Buffer.concat([Buffer.from('a\x1b[2J\n\u202e\u009bü😀'), Buffer.of(0x9b, 0xff)]);
  expect(Buffer.from(shownName(name, true)).toString()).toBe('a?[2J???ü😀??');
  expect(shownName(name, false)).toBe(name);
  expect(shownText('a\u2066b\x07', true)).toBe('a?b?');
});
