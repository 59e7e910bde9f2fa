import { humanSize } from './format.ts';
import { barOrNumbers, milliseconds } from './progress.ts';

/**
 * One line for each subject, rewritten in place on a terminal; in a pipe each new status is a line of its
 * own, and bytes are not told. Where there are more subjects than the screen has lines, one that has news takes
 * the line of the one that has had none for longest, and {@link end} writes all of them out.
 */
export class Bars {
  readonly #out: NodeJS.WriteStream;
  /** The last text of each subject, in the order in which they came. */
  readonly #texts = new Map<string, string>();
  /** The lines on the screen from the top one down, by subject. */
  readonly #shown: string[] = [];
  /** When each subject was drawn last, in draws. */
  readonly #drawn = new Map<string, number>();
  readonly #last = new Map<string, number>();
  #draws = 0;

  constructor(out: NodeJS.WriteStream) {
    this.#out = out;
  }

  line(subject: string, status: string): void {
    if (!this.#out.isTTY) this.#out.write(`${subject}: ${status}\n`);
    else this.#draw(subject, `${subject}: ${status}`);
  }

  bytes(subject: string, status: string, bytes: number, total: number): void {
    if (!this.#out.isTTY) return;
    const now = milliseconds();
    if (now - (this.#last.get(subject) ?? 0) < 100 && bytes < total) return;
    this.#last.set(subject, now);
    const numbers = `${humanSize(bytes)}/${humanSize(total)}`;
    this.#draw(subject, barOrNumbers(`${subject}: ${status}`, bytes / Math.max(total, 1), numbers, this.#out.columns));
  }

  /** Nothing is drawn over after this. */
  end(): void {
    if (this.#texts.size > this.#shown.length) {
      const up = Math.min(this.#shown.length, this.#height());
      const all = [...this.#texts.values()].map((text) => `${this.#cut(text)}\n`);
      this.#out.write(`\x1b[${up}A\r\x1b[J${all.join('')}`);
    }
    this.#texts.clear();
    this.#shown.length = 0;
  }

  #draw(subject: string, text: string): void {
    this.#texts.set(subject, text);
    this.#drawn.set(subject, this.#draws++);
    const within = Math.min(this.#shown.length, this.#height());
    let row = this.#shown.lastIndexOf(subject);
    if (row < this.#shown.length - within) {
      if (this.#shown.length < this.#height()) {
        this.#shown.push(subject);
        this.#out.write(`${this.#cut(text)}\n`);
        return;
      }
      row = this.#longestQuiet(this.#shown.length - within);
      this.#shown[row] = subject;
    }
    const up = this.#shown.length - row;
    this.#out.write(`\x1b[${up}A\r${this.#cut(text)}\x1b[K\x1b[${up}B\r`);
  }

  #longestQuiet(from: number): number {
    let found = from;
    const drawn = (row: number) => this.#drawn.get(this.#shown[row] as string) ?? 0;
    for (let row = from; row < this.#shown.length; row++) if (drawn(row) < drawn(found)) found = row;
    return found;
  }

  /** The cursor stands below the last line. */
  #height(): number {
    return Math.max(1, (this.#out.rows || 24) - 1);
  }

  /** A text that goes on in a second line would put all that is counted in lines out. */
  #cut(text: string): string {
    return text.slice(0, Math.max(1, (this.#out.columns || 80) - 1));
  }
}
