import { requireText } from '../argument.ts';
import { MicaError } from '../error.ts';
import type { ContainerContext, Row } from './context.ts';
import { emit } from './events.ts';

/** docker's rule for names, here and at create. @throws MicaError invalid-argument */
export function checkName(name: string): void {
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(name))
    throw new MicaError(
      'invalid-argument',
      `Invalid container name (${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`,
      { subject: name, hint: 'two characters or more, a letter or a digit first: web, db-1, my.app_2' },
    );
}

/** @throws MicaError invalid-argument, conflict when another container has the name */
export function renameContainer(context: ContainerContext, row: Row, name: string): void {
  requireText(name, 'name');
  const plain = name.replace(/^\//, '');
  checkName(plain);
  if (plain === row.name)
    throw new MicaError('invalid-argument', 'Renaming a container with the same name as its current name', {
      subject: name,
      hint: 'it has that name already',
    });
  context.store.transaction(() => {
    context.store.containers.rename(row.id, plain);
    emit(context, { ...row, name: plain }, 'rename', { oldName: `/${row.name}` });
  });
}
