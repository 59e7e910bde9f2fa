import { expect, it } from 'vitest';
import { runtimeError } from '../../src/runtime/runtime-error.ts';

const error = (text: string, command: string, doing = 'create') => {
  const { message, exitCode, hint } = runtimeError(text, doing, command);
  expect(hint).toMatch(/./);
  return [exitCode, message.replace('cannot start the command: ', '')];
};

it("crun's words", () => {
  expect(error('open executable: Operation not permitted', '')).toEqual([
    127,
    '"": executable file not found in $PATH',
  ]);
  expect(error('open executable: Operation not permitted', '..')[0]).toBe(127);
  expect(error('open executable: Operation not permitted', '/etc')).toEqual([126, '/etc is not a file']);
  expect(error('open executable: Permission denied', '/a b')).toEqual([126, '"/a b": Permission denied']);
  expect(error('open executable: Not a directory', '/etc/passwd/x')[0]).toBe(1);
  expect(error('open executable: Not a directory', '/etc/passwd/x', 'exec')[0]).toBe(126);
  const missing = 'executable file `/nope` not found in $PATH: No such file or directory';
  expect(error(missing, '/nope')).toEqual([127, '"/nope": no such file or directory']);
  expect(error('chdir `/nowhere`: No such file or directory', 'sh', 'exec')[0]).toBe(126);
});

it("runc's log lines are read for what they say", () => {
  const line = (why: string) =>
    `time="2026-01-01T00:00:00Z" level=error msg="runc create failed: unable to start container process: exec: ${why}"\n`;
  expect(error(line('\\"nope\\": executable file not found in $PATH'), 'nope')).toEqual([
    127,
    '"nope": executable file not found in $PATH',
  ]);
  expect(error(line('\\"/etc\\": permission denied'), '/etc')).toEqual([126, '"/etc": permission denied']);
  expect(error(line('\\"/a/x\\": stat /a/x: not a directory'), '/a/x', 'exec')[0]).toBe(126);
});

it('is about the command', () => {
  for (const why of ['Permission denied', 'Operation not permitted', 'Not a directory'])
    expect(runtimeError(`open executable: ${why}`, 'exec', '/a')).toMatchObject({ subject: '/a' });
});
