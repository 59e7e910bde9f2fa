import type { Network } from './record.ts';
import type { Scope } from './scope.ts';

/** Tells of a network, in docker's words; `container`: whom it was joined to, or left by. */
export function tell(
  scope: Scope,
  action: string,
  { id, name }: Pick<Network, 'id' | 'name'>,
  container?: string,
): void {
  const whose = container === undefined ? {} : { container };
  scope.store.events.tell('network', action, id, { ...whose, name, type: 'bridge' });
}
