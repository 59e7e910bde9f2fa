import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

/** Below those that a kernel gives whoever asks for any (ip_local_port_range): other tests ask all the time. */
const [lowest, beyond] = [10_000, 32_000];

/** A port that nothing on this machine has now. */
export function freePort(): Promise<number> {
  return freePorts(1);
}

/** The first of `count` in a row that are all free: held at the same time, then let go. */
export async function freePorts(count: number): Promise<number> {
  for (;;) {
    const held: Server[] = [];
    try {
      const first = randomInt(lowest, beyond);
      while (held.length < count) held.push(await listening(first + held.length));
      return first;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    } finally {
      for (const server of held) {
        server.close();
        await once(server, 'close');
      }
    }
  }
}

async function listening(port: number): Promise<Server> {
  const server = createServer().listen(port);
  await once(server, 'listening');
  return server;
}
