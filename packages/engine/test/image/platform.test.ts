import { expect, it } from 'vitest';
import { hostPlatform, parsePlatform } from '../../src/image/platform.ts';

it('one word is an architecture or a system that there is, as for docker', () => {
  expect(parsePlatform('arm64')).toEqual({ os: 'linux', architecture: 'arm64', variant: 'v8' });
  expect(parsePlatform('x86_64')).toEqual({ os: 'linux', architecture: 'amd64' });
  expect(parsePlatform('linux')).toEqual(hostPlatform());
  expect(parsePlatform('windows')).toEqual({ ...hostPlatform(), os: 'windows' });
  for (const word of ['foo', 'linu']) expect(() => parsePlatform(word)).toThrow(`"${word}": unknown operating system`);
});

it('two words are taken as they are: nobody knows all that a registry may have', () => {
  expect(parsePlatform('linux/foo')).toEqual({ os: 'linux', architecture: 'foo' });
});
