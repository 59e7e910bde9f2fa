/** What every long operation takes: an AbortSignal to stop it (within one file), and a listener for progress. */

/** Progress of one operation; `total` is absent while it is not known. */
export interface Progress {
  readonly stage: 'read' | 'unpack' | 'scan' | 'pack' | 'compress' | 'write';
  /** What is worked on: a short digest, a container's name, a path. */
  readonly subject: string;
  readonly bytes: number;
  readonly totalBytes?: number;
  readonly files?: number;
}
/** The options that every long operation shares. Stopped, it leaves nothing half made and rejects with the signal's reason. */
export interface Task {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}
