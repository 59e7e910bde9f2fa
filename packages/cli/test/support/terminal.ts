import { spawnSync } from 'node:child_process';

let count = 0;

/** A real terminal: a tmux server of the test's own with one window. Call `close` at the end. */
export class Terminal {
  readonly #socket = `mica-test-${process.pid}-${count++}`;

  constructor(env: Readonly<Record<string, string>>) {
    const set = Object.entries(env).flatMap(([key, value]) => ['-e', `${key}=${value}`]);
    const shell = 'PS1="host> " exec bash --norc --noprofile';
    this.#tmux('-f', '/dev/null', 'new-session', '-d', '-x', '100', '-y', '30', ...set, shell);
  }
  #tmux(...args: string[]): string {
    const done = spawnSync('tmux', ['-L', this.#socket, ...args]);
    if (done.error) throw new Error('tmux is missing: apt-get install tmux', { cause: done.error });
    if (done.status !== 0) throw new Error(`tmux ${args.join(' ')}: ${done.stderr}`);
    return done.stdout.toString();
  }
  /** Keys as tmux names them: `C-c`, `Enter`, or text. */
  keys(...keys: string[]): void {
    this.#tmux('send-keys', ...keys);
  }
  line(text: string): void {
    this.#tmux('send-keys', '-l', text);
    this.keys('Enter');
  }
  resize(columns: number, rows: number): void {
    this.#tmux('resize-window', '-x', `${columns}`, '-y', `${rows}`);
  }
  screen(): string {
    return this.#tmux('capture-pane', '-p').replace(/\n+$/, '');
  }
  /** Resolves with the screen once it shows the pattern; the deadline only ends a test that failed. */
  async shows(pattern: RegExp): Promise<string> {
    for (const deadline = Date.now() + 60_000; ; ) {
      const screen = this.screen();
      if (pattern.test(screen)) return screen;
      if (Date.now() > deadline) throw new Error(`the terminal never showed ${pattern}:\n${screen}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  close(): void {
    this.#tmux('kill-server');
  }
}
