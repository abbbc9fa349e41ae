import { type TransferListItem, Worker } from 'node:worker_threads';
import { assert } from '../core/errors.ts';
import { workerEntry } from './entry-resolution.ts';
import { fromPlainError, type ReplyMessage, type TaskMessage } from './worker-tasks.ts';

/** Threads that run tasks side by side. */
export interface WorkerPool<Task, Result> {
  readonly size: number;
  /** Queues a task; rejects with the error that the worker threw. Buffers in `transfer` are handed over, not copied. */
  run(task: Task, transfer?: readonly TransferListItem[]): Promise<Result>;
  /** Ends the threads; tasks that have not ended are rejected. */
  close(): Promise<void>;
}

interface Job<Task, Result> extends TaskMessage<Task> {
  transfer: readonly TransferListItem[];
  resolve(result: Result): void;
  reject(error: Error): void;
}

interface Seat<Task, Result> {
  worker: Worker;
  job: Job<Task, Result> | undefined;
}

/**
 * Starts `size` worker threads from a module that calls `serveTasks`. One task runs on a thread at a time; the rest wait
 * in order. A thread that dies fails its task and every later one: what killed it would kill the next.
 *
 * @param entry the module's URL, made with `new URL('./x-worker.ts', import.meta.url)`; the built `.js` is found by itself.
 */
export function createWorkerPool<Task, Result>(
  entry: URL,
  size: number,
  workerData: unknown,
): WorkerPool<Task, Result> {
  assert(Number.isInteger(size) && size >= 1, `a worker pool has at least one thread, not ${size}`);
  const module = workerEntry(entry);
  const queue: Job<Task, Result>[] = [];
  let fatal: Error | undefined;
  let nextId = 0;
  /** Held while a task runs: an idle pool does not keep the process alive, and a working one must. */
  let keepAlive: NodeJS.Timeout | undefined;

  const seats = Array.from({ length: size }, (): Seat<Task, Result> => {
    return { worker: new Worker(module, { workerData }), job: undefined };
  });
  for (const seat of seats) {
    seat.worker.unref(); // switching it with every task loses messages that are on their way
    seat.worker.on('message', (reply: ReplyMessage<Result>) => finish(seat, reply));
    seat.worker.on('error', (error) => failAll(error));
    seat.worker.on('messageerror', (error) => failAll(error));
    seat.worker.on('exit', (code) => failAll(new Error(`A worker thread ended with code ${code}.`)));
  }

  function dispatch(): void {
    for (const seat of seats) {
      if (seat.job) continue;
      const job = queue.shift();
      if (!job) return;
      seat.job = job;
      keepAlive ??= setInterval(() => {}, 2 ** 30);
      seat.worker.postMessage({ id: job.id, task: job.task } satisfies TaskMessage<Task>, job.transfer);
    }
  }

  function finish(seat: Seat<Task, Result>, reply: ReplyMessage<Result>): void {
    const job = seat.job;
    if (!job) return; // the pool was closed meanwhile
    assert(reply.id === job.id, 'a worker answers the task it was given');
    seat.job = undefined;
    if ('error' in reply) job.reject(fromPlainError(reply.error));
    else job.resolve(reply.result);
    dispatch();
    letGoWhenIdle();
  }

  function failAll(error: Error): void {
    fatal ??= error;
    for (const seat of seats) {
      seat.job?.reject(fatal);
      seat.job = undefined;
    }
    for (const job of queue.splice(0)) job.reject(fatal);
    letGoWhenIdle();
  }

  function letGoWhenIdle(): void {
    if (seats.some(({ job }) => job)) return;
    clearInterval(keepAlive);
    keepAlive = undefined;
  }

  return {
    size,
    run: (task, transfer = []) =>
      new Promise((resolve, reject) => {
        if (fatal) return reject(fatal);
        queue.push({ id: nextId++, task, transfer, resolve, reject });
        dispatch();
      }),
    async close() {
      failAll(new Error('The worker pool was closed.'));
      await Promise.all(seats.map(({ worker }) => worker.terminate()));
    },
  };
}
