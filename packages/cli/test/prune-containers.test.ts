import { type Engine, MicaError } from '@mica/engine';
import { expect, it, vi } from 'vitest';
import { pruneContainers } from '../src/prune-containers.ts';

it('prune goes on past what was started or removed since it looked; any other failure ends it', async () => {
  const row = (id: string, status = 'exited') => ({ id, status, sizeRw: 10 });
  const codes: Record<string, 'conflict' | 'no-such-container' | 'system-call'> = {
    started: 'conflict',
    gone: 'no-such-container',
  };
  const containers = {
    list: () => ['started', 'gone', 'idle', 'up'].map((id) => row(id, id === 'up' ? 'running' : 'exited')),
    remove: async (id: string) => {
      if (codes[id]) throw new MicaError(codes[id], id);
    },
  };
  const engine = { containers } as unknown as Engine;
  expect(await pruneContainers(engine, () => true)).toEqual({ removed: ['idle'], reclaimed: 10 });
  codes.gone = 'system-call';
  await expect(pruneContainers(engine, () => true)).rejects.toMatchObject({ code: 'system-call' });
});

it('prune goes on past one that damage keeps it from removing, and fails', async () => {
  const remove = async (id: string) => {
    if (id === 'hurt') throw new MicaError('store-damaged', 'mica.db is damaged');
  };
  const containers = { list: () => ['hurt', 'idle'].map((id) => ({ id, status: 'exited', sizeRw: 10 })), remove };
  const engine = { containers } as unknown as Engine;
  const told = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const before = process.exitCode;
  try {
    expect(await pruneContainers(engine, () => true)).toEqual({ removed: ['idle'], reclaimed: 10 });
    expect(process.exitCode).toBe(1);
    expect(told).toHaveBeenCalledWith('mica: mica.db is damaged\n');
  } finally {
    process.exitCode = before;
    told.mockRestore();
  }
});
