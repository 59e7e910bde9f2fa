import { createReadStream, existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { LogLine } from '../contract.ts';

/** conmon's k8s-file format: `TIME STREAM F|P TEXT`, P for a line that goes on in the next record. */
export async function* readLog(file: string): AsyncGenerator<LogLine> {
  if (!existsSync(file)) return;
  for await (const line of createInterface({ input: createReadStream(file, 'latin1'), crlfDelay: Infinity })) {
    const [time, stream, tag] = line.split(' ', 3);
    if (time === undefined || tag === undefined) continue;
    const text = line.slice(time.length + (stream ?? '').length + tag.length + 3);
    yield {
      time,
      stream: stream === 'stderr' ? 'stderr' : 'stdout',
      text: Buffer.from(tag === 'P' ? text : `${text}\n`, 'latin1'),
    };
  }
}
