/** What a kernel refuses. The engine turns it into an error that names the archive or path it is about. */
export type KernelErrorCode = 'invalid-archive' | 'invalid-name' | 'limit-exceeded' | 'out-of-memory' | 'invalid-state';

/** The one error of this package; `code` is stable and may be matched on. */
export class KernelError extends Error {
  override readonly name = 'KernelError';
  readonly code: KernelErrorCode;
  /** Offset in the stream, bytes, where it was noticed. */
  readonly offset: number | undefined;

  constructor(code: KernelErrorCode, message: string, offset?: number, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.offset = offset;
  }
}
