import type { Digest } from '../reference/digest.ts';
import type { Reference } from '../reference/reference.ts';
import type { Store } from '../store/store.ts';

/** Writes down what happened to an image, in the transaction of the change; `name` is the ID unless docker says more. */
export function imageEvent(store: Store, action: string, id: Digest, name: string = id): void {
  store.events.tell('image', action, id, { ...store.images.get(id)?.labels, name });
}

/** docker's for pull and push: they are about a name, not an ID. */
export function transferEvent(store: Store, action: 'pull' | 'push', reference: Reference, id: Digest): void {
  const { familiar } = reference;
  const name = familiar.replace(/@.*$/, '').replace(/:[^:/]*$/, '');
  store.events.tell('image', action, familiar, { ...store.images.get(id)?.labels, name });
}
