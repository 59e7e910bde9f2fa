import { humanSize } from './format.ts';
import { bar } from './progress.ts';

/**
 * One line for each subject, rewritten in place on a terminal; in a pipe each new status is a line of its
 * own, and bytes are not told.
 */
export class Bars {
  readonly #out: NodeJS.WriteStream;
  readonly #rows = new Map<string, number>();
  readonly #last = new Map<string, number>();

  constructor(out: NodeJS.WriteStream) {
    this.#out = out;
  }

  line(subject: string, status: string): void {
    if (!this.#out.isTTY) this.#out.write(`${subject}: ${status}\n`);
    else this.#draw(subject, `${subject}: ${status}`);
  }

  bytes(subject: string, status: string, bytes: number, total: number): void {
    if (!this.#out.isTTY) return;
    const now = performance.now();
    if (now - (this.#last.get(subject) ?? 0) < 100 && bytes < total) return;
    this.#last.set(subject, now);
    const text = `${subject}: ${status} ${bar(bytes / Math.max(total, 1))} ${humanSize(bytes)}/${humanSize(total)}`;
    this.#draw(subject, text.slice(0, Math.max(20, this.#out.columns - 1)));
  }

  /** Nothing is drawn over after this. */
  end(): void {
    this.#rows.clear();
  }

  #draw(subject: string, text: string): void {
    const row = this.#rows.get(subject);
    if (row === undefined) {
      this.#rows.set(subject, this.#rows.size);
      this.#out.write(`${text}\n`);
      return;
    }
    const up = this.#rows.size - row;
    this.#out.write(`\x1b[${up}A\r${text}\x1b[K\x1b[${up}B\r`);
  }
}
