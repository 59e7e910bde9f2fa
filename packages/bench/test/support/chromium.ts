import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
}

/** Debian's Chromium without a window, spoken to over its own DevTools protocol. */
export class Chromium {
  /** Of the page that is open: what the console said that is an error or a warning, and every exception. */
  complaints: string[] = [];
  readonly #process: ChildProcess;
  readonly #folder: string;
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (message: Message) => void>();
  #next = 1;
  #session = '';
  #loaded: (() => void) | null = null;

  private constructor(process: ChildProcess, folder: string, socket: WebSocket) {
    this.#process = process;
    this.#folder = folder;
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => this.#take(JSON.parse(String(data)) as Message));
  }

  static async open(): Promise<Chromium> {
    // Its own temporary folder, too: what it makes beside its profile it leaves there.
    const folder = mkdtempSync(join(tmpdir(), 'mica-bench-chromium-'));
    const flags = ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run'];
    const browser = spawn(
      'chromium',
      [...flags, '--remote-debugging-port=0', `--user-data-dir=${join(folder, 'profile')}`, 'about:blank'],
      { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, TMPDIR: folder } },
    );
    const address = await new Promise<string>((resolve, reject) => {
      let said = '';
      browser.once('error', () => reject(new Error('chromium is missing: apt-get install chromium')));
      browser.once('exit', () => reject(new Error(`chromium ended: ${said.slice(-500)}`)));
      browser.stderr?.on('data', (chunk: Buffer) => {
        said += chunk;
        const found = /DevTools listening on (ws:\S+)/.exec(said)?.[1];
        if (found) resolve(found);
      });
    }).catch((error: unknown) => {
      rmSync(folder, { recursive: true, force: true });
      throw error;
    });
    const socket = new WebSocket(address);
    await once(socket, 'open');
    const chromium = new Chromium(browser, folder, socket);
    const { targetId } = await chromium.#send('Target.createTarget', { url: 'about:blank' });
    const { sessionId } = await chromium.#send('Target.attachToTarget', { targetId, flatten: true });
    chromium.#session = String(sessionId);
    for (const domain of ['Runtime', 'Log', 'Page']) await chromium.#send(`${domain}.enable`);
    return chromium;
  }

  /** Opens a page and waits for its load event. */
  async goto(url: string): Promise<void> {
    const loaded = new Promise<void>((resolve) => {
      this.#loaded = resolve;
    });
    this.complaints = [];
    await this.#send('Page.navigate', { url });
    await loaded;
  }

  /** The value of an expression in the page; it must be JSON. */
  async evaluate(expression: string): Promise<unknown> {
    const { result } = await this.#send('Runtime.evaluate', { expression, returnByValue: true });
    return (result as { value?: unknown }).value;
  }

  async close(): Promise<void> {
    this.#socket.close();
    if (this.#process.exitCode === null) {
      const gone = once(this.#process, 'exit');
      this.#process.kill('SIGTERM');
      await gone;
    }
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }

  #send(method: string, params: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
    const id = this.#next++;
    this.#socket.send(JSON.stringify({ id, method, params, ...(this.#session ? { sessionId: this.#session } : {}) }));
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, ({ result, error }) =>
        error ? reject(new Error(`${method}: ${error.message}`)) : resolve(result ?? {}),
      );
    });
  }

  #take(message: Message): void {
    if (message.id !== undefined) {
      this.#waiting.get(message.id)?.(message);
      this.#waiting.delete(message.id);
      return;
    }
    const said = JSON.stringify(message.params);
    if (message.method === 'Page.loadEventFired') this.#loaded?.();
    if (message.method === 'Runtime.exceptionThrown') this.complaints.push(said);
    const level =
      (message.params?.entry as { level?: string } | undefined)?.level ?? String(message.params?.type ?? '');
    const speaks = message.method === 'Log.entryAdded' || message.method === 'Runtime.consoleAPICalled';
    if (speaks && ['error', 'warning', 'assert'].includes(level)) this.complaints.push(said);
  }
}
