import { statSync } from 'node:fs';
import { isSystemError, MicaError, wrapSystemError } from '../error.ts';
import type { StopSignal } from '../pool/stop.ts';
import type { Unlock } from '../system/lock.ts';
import { tryRemove } from '../system/remove.ts';
import type { FreezeTarget, Frozen } from './freeze.ts';
import { guardFreeze, startGuard } from './freeze-guard.ts';
import { byRuntime, Held, writeNote } from './freeze-note.ts';
import { Freezer, StillRuns } from './freezer.ts';

/** One container that is being kept still by its freezer, or its runtime, under the lock on its note. */
export class Freezing implements Frozen {
  readonly #target: FreezeTarget;
  /** Null: by the runtime, where the machine has no freezer that is a file. */
  readonly #freezer: Freezer | null;
  readonly #note: string;
  readonly #unlock: Unlock;
  readonly #start = process.hrtime.bigint();
  #unguard = () => {};
  /** Somebody paused it, and lets it go on, but not before it is read: an `unpause` waits for the lock. */
  #isOthers = false;
  #thawed: Promise<number> | undefined;

  constructor(target: FreezeTarget, freezer: Freezer | null, note: string, unlock: Unlock) {
    this.#target = target;
    this.#freezer = freezer;
    this.#note = note;
    this.#unlock = unlock;
  }

  async begin(signal: StopSignal | undefined): Promise<Frozen | null> {
    try {
      // Nothing is awaited before the freezer is written: the caller has something to do while the kernel is at it.
      if (this.#isAsked() && (await this.#freezer?.standsStill(signal))) {
        this.#isOthers = true;
        return this;
      }
    } catch (error) {
      this.#release();
      if (this.#isGone()) return null;
      throw said(error, this.#target);
    }
    try {
      await this.#freeze(signal);
      // Its last process may have ended just before: then it can be started again.
      if (this.#freezer?.isPopulated() !== false) return this;
      await this.thaw();
      return null;
    } catch (error) {
      const isGone = this.#isGone();
      await this.thaw().catch(() => {}); // why it was not frozen is what its user wants to hear
      if (isGone) return null;
      throw said(error, this.#target);
    }
  }

  thaw(): Promise<number> {
    this.#thawed ??= this.#undo();
    return this.#thawed;
  }

  processes(): readonly number[] {
    return this.#freezer?.processes() ?? [this.#target.pid as number];
  }

  /** Frozen with a note in it: by a commit that was killed while this one waited. One that is being paused is paused, too. */
  #isAsked(): boolean {
    return this.#freezer?.isAsked() === true && statSync(this.#note).size === 0;
  }

  async #freeze(signal: StopSignal | undefined): Promise<void> {
    const freezer = this.#freezer;
    writeNote(this.#note, this.#unlock.fd, { target: this.#target, file: freezer?.file, thaw: freezer?.thaws });
    if (freezer === null) {
      byRuntime(this.#target, 'pause');
      return;
    }
    this.#unguard = guardFreeze(this.#note, freezer.file, freezer.thaws);
    if (!(await freezer.freeze(signal))) throw notFrozen(this.#target, 'something else lets it go on');
  }

  async #undo(): Promise<number> {
    this.#unguard();
    if (this.#isOthers) {
      this.#release();
      return 0;
    }
    const freezer = this.#freezer;
    try {
      if (freezer) await freezer.thaw();
      else byRuntime(this.#target, 'resume');
    } catch (error) {
      if (!this.#isGone()) {
        this.#giveBack(); // the note stays: the guard tries again, and the next command
        if (freezer) startGuard(this.#note, freezer.file, freezer.thaws);
        throw isSystemError(error) ? wrapSystemError(error, 'thaw container', this.#target.name) : error;
      }
      // Its group went with its last process, removed while it was read: nothing stands still.
    }
    this.#release();
    return Number(process.hrtime.bigint() - this.#start) / 1e6;
  }

  #isGone(): boolean {
    return this.#freezer ? this.#freezer.isGone() : Freezer.find(this.#target) === 'gone';
  }

  #release(): void {
    tryRemove(this.#note); // left there, the next command thaws what goes on already
    this.#giveBack();
  }
  #giveBack(): void {
    Atomics.store(this.#target.held, Held.note, -1);
    this.#unlock();
  }
}

function said(error: unknown, target: FreezeTarget): unknown {
  return error instanceof StillRuns ? notFrozen(target, error.message) : error;
}

function notFrozen({ name }: FreezeTarget, why: string): MicaError {
  return new MicaError('runtime-failed', `container ${name} could not be frozen: ${why}`, {
    subject: name,
    hint: 'commit with --pause=false to take it as it runs',
  });
}
