import { MicaError } from '../error.ts';

/** What the system says of a path on which something else lies than a moment ago. */
const elsewhere = new Set(['ENOENT', 'ENOTDIR', 'ELOOP']);

/** Whether a file or folder went, or another kind took its place, between two looks at it. */
export function hasMoved(error: unknown): boolean {
  const { code, syscall } = error as NodeJS.ErrnoException;
  return elsewhere.has(code ?? '') || (code === 'EINVAL' && syscall === 'readlinkat');
}

/** A layer never holds what no moment of the container held. */
export function changedWhileRead(subject: string, cause?: unknown): MicaError {
  return new MicaError('conflict', `${subject} changed while it was read`, {
    subject,
    hint: 'commit again; without --pause=false it stands still meanwhile',
    cause,
  });
}
