/** The other side of the pool: one thread, one handler file a task, loaded at its first use. */
import { type Answer, sent, type TaskName } from './pool/pool.ts';
import { takeCode } from './system/call-code.ts';

takeCode();

const handlers: Readonly<Record<TaskName, () => Promise<{ run(message: never): unknown }>>> = {
  'make-layer': () => import('./commit/make-layer-task.ts'),
  'unpack-layer': () => import('./layer/unpack-task.ts'),
  'unpack-stream': () => import('./layer/stream-task.ts'),
};

export default async function work({ task, message }: { task: TaskName; message: never }): Promise<Answer<unknown>> {
  try {
    return { value: await (await handlers[task]()).run(message) };
  } catch (error) {
    return { error: sent(error) };
  }
}
