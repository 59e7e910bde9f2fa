import { type Command, run } from '../measure/process.ts';
import type { Box, Peer, PeerName } from './peer.ts';

/** The verbs that docker and Mica have in common, word for word. */
export abstract class DockerLike implements Peer {
  abstract readonly name: PeerName;
  abstract readonly version: string;

  abstract command(...args: string[]): Command;
  abstract create(image: string, name: string): Box;
  abstract close(): void;

  /** Runs a verb that is part of the set-up. */
  do(...args: string[]): string {
    return run(this.command(...args)).trim();
  }
  importImage(tar: string, image: string): void {
    this.do('import', tar, image);
  }
  start(box: Box): void {
    this.do('start', box.name);
  }
  remove(...boxes: readonly Box[]): void {
    this.do('rm', '-f', ...boxes.map(({ name }) => name));
  }
  removeImage(...images: readonly string[]): void {
    this.do('rmi', '-f', ...images);
  }
  commit(box: Box, image: string): Command {
    return this.command('commit', box.name, image);
  }
  clear(): void {
    const ids = this.do('ps', '-aq').split('\n').filter(Boolean);
    if (ids.length > 0) this.do('rm', '-f', ...ids);
  }
}
