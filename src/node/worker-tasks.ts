import { parentPort, workerData } from 'node:worker_threads';
import { assert, BitbudgetError, type ErrorKind } from '../core/errors.ts';

export interface TaskMessage<Task = unknown> {
  id: number;
  task: Task;
}

/** An error on its way between threads: structured cloning would lose everything but name and message. */
export interface PlainError {
  message: string;
  stack: string | undefined;
  known?: { kind: ErrorKind; remedy: string; reachable: Record<string, number> | undefined };
}

export type ReplyMessage<Result = unknown> = { id: number; result: Result } | { id: number; error: PlainError };

/** What a worker does with one task; a result may name buffers to hand over instead of copying. */
export type TaskHandler<Task, Result> = (task: Task) => Result | Promise<Result>;

/**
 * Makes the current worker thread serve a pool: `prepare` runs once with the pool's worker data and returns the function
 * that is called for every task. If it fails, every task fails with its error.
 */
export function serveTasks<Data, Task, Result>(
  prepare: (data: Data) => TaskHandler<Task, Result> | Promise<TaskHandler<Task, Result>>,
): void {
  const port = parentPort;
  assert(port, 'serveTasks is called in a worker thread');
  const handler = Promise.resolve(workerData as Data).then(prepare);
  handler.catch(() => {}); // every task reports it
  port.on('message', async ({ id, task }: TaskMessage<Task>) => {
    try {
      const result = await (await handler)(task);
      port.postMessage({ id, result } satisfies ReplyMessage<Result>);
    } catch (error) {
      port.postMessage({ id, error: toPlainError(error) } satisfies ReplyMessage<Result>);
    }
  });
}

export function toPlainError(error: unknown): PlainError {
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  if (!(error instanceof BitbudgetError)) return { message, stack };
  return { message, stack, known: { kind: error.kind, remedy: error.remedy, reachable: error.reachable } };
}

export function fromPlainError({ message, stack, known }: PlainError): Error {
  const error = known ? new BitbudgetError(known.kind, message, known.remedy, known.reachable) : new Error(message);
  if (stack) error.stack = stack;
  return error;
}
