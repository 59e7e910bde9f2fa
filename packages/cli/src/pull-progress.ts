import type { PullEvent, PullResult } from '@mica/engine';
import { Bars } from './bars.ts';

/** docker's words for a pull: lines in a pipe, a bar for each layer on a terminal. */
export function pullProgress(name: string, out: NodeJS.WriteStream, quiet = false) {
  const bars = new Bars(out);
  const byDigest = name.includes('@');
  const tag = byDigest ? name.slice(name.indexOf('@') + 1) : (/:([^:/]+)$/.exec(name)?.[1] ?? 'latest');
  if (!quiet && !byDigest && !/:[^:/]+$/.test(name)) out.write('Using default tag: latest\n');
  return {
    show: ({ status, subject, bytes, totalBytes }: PullEvent) => {
      if (quiet) return;
      if (status === 'Pulling from') out.write(`${tag}: Pulling from ${subject}\n`);
      else if (bytes !== undefined) bars.bytes(subject, status, bytes, totalBytes ?? 0);
      else bars.line(subject, status);
    },
    end: (result: PullResult) => {
      if (quiet) return;
      bars.end();
      out.write(`Digest: ${result.digest}\n`);
      const what = result.upToDate ? 'Image is up to date for' : 'Downloaded newer image for';
      out.write(`Status: ${what} ${result.reference}\n`);
    },
  };
}
