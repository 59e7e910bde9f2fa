import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { Engine, MicaError } from '@mica/engine';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { passOn } from '../src/terminal.ts';

let dir: string;
let engine: Engine;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'mica-terminal-'));
  engine = new Engine({ root: join(dir, 'store') });
});
afterEach(() => {
  engine.close();
  rmSync(dir, { recursive: true, force: true });
});

const gone = 'f'.repeat(64);

it('a signal after the end is for nobody: of a container that ended, and of one that went with --rm', async () => {
  await engine.archives.import(Readable.from([Buffer.alloc(1024)]), { reference: 'empty:1' });
  const ended = await engine.containers.create({ image: 'empty:1', command: ['true'], network: 'none' });
  expect(() => engine.containers.kill(ended)).toThrow(/is not running/);
  expect(() => engine.containers.kill(gone)).toThrow(/No such container/);
  for (const id of [ended, gone]) expect(() => passOn(engine, id)('SIGTERM')).not.toThrow();
});

it('a signal that cannot be given for another reason is an error', () => {
  const containers = {
    kill: () => {
      throw new MicaError('permission-denied', 'kill: operation not permitted');
    },
  };
  const failing = { containers };
  expect(() => passOn(failing as unknown as Engine, gone)('SIGTERM')).toThrow(/not permitted/);
});
