import { closeSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { FreezeTarget } from '../../src/commit/freeze.ts';
import { noteOf, nothingHeld, thawAbandoned, writeNote } from '../../src/commit/freeze-note.ts';

let run: string;
let target: FreezeTarget;
beforeEach(() => {
  run = mkdtempSync(join(tmpdir(), 'mica-note-'));
  target = {
    id: 'a'.repeat(64),
    name: 'box',
    pauses: true,
    by: 'this',
    run,
    lock: join(run, 'lock'),
    held: nothingHeld(),
    runtime: null,
    group: '',
    pid: 1,
    pidStart: '0',
  };
  mkdirSync(dirname(noteOf(target)), { recursive: true });
});
afterEach(() => rmSync(run, { recursive: true }));

/** As a commit that is killed: what stands in the note is all that is left of it. */
function note(file: string, thaw: string): void {
  const lock = openSync(noteOf(target), 'a');
  writeNote(noteOf(target), lock, { target, file, thaw });
  closeSync(lock);
}

it.each([
  ['nothing', ''],
  ['the note of a commit that was killed before', '{"target":{"id":"b"},"file":"/none","thaw":"other"}'],
  ['a half of one', '{"target":{"id'],
])('thaws by its own note behind %s', (_, before) => {
  writeFileSync(noteOf(target), before);
  note(join(run, 'freezer'), 'THAWED');
  thawAbandoned(run);
  expect(readFileSync(join(run, 'freezer'), 'utf8')).toBe('THAWED');
  expect(readdirSync(dirname(noteOf(target)))).toEqual([]);
});

it('thaws by the note before where its own was not written to its end', () => {
  note(join(run, 'freezer'), 'THAWED');
  writeFileSync(noteOf(target), '\n{"target":{"id', { flag: 'a' });
  thawAbandoned(run);
  expect(readFileSync(join(run, 'freezer'), 'utf8')).toBe('THAWED');
});

it('where its lock could only be opened to be read, what writing it says is what the caller hears', () => {
  const lock = openSync(noteOf(target), 'a+');
  closeSync(lock);
  const readOnly = openSync(noteOf(target), 'r');
  const gone = join(run, 'gone', 'note');
  expect(() => writeNote(gone, readOnly, { target, file: undefined, thaw: undefined })).toThrow(/ENOENT.*gone/);
  closeSync(readOnly);
});
