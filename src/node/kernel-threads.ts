import { Worker } from 'node:worker_threads';
import type { Threads } from '../core/ports.ts';
import { workerEntry } from './entry-resolution.ts';

/** How long a thread may take to end after its last job before it is ended by force. */
const END_MS = 1000;

/**
 * Worker threads that serve a kernel team. They have the compiler flags of the process, and do not keep it alive: a process
 * that forgets to end them ends all the same.
 */
export const nodeThreads: Threads = {
  async start(task, onEnd) {
    const worker = new Worker(workerEntry(new URL('./kernel-thread.ts', import.meta.url)), { workerData: task });
    const ended = new Promise<string>((resolve) => {
      worker.once('error', (error) => resolve(error.message));
      worker.once('exit', (code) => resolve(`it ended with code ${code}.`));
    });
    const ready = new Promise<undefined>((resolve) => worker.once('message', () => resolve(undefined)));
    const failure = await Promise.race([ready, ended]);
    if (failure !== undefined) throw new Error(failure);
    worker.unref();
    void ended.then(onEnd);
    return async () => {
      worker.ref();
      const timer = setTimeout(() => void worker.terminate(), END_MS);
      await ended;
      clearTimeout(timer);
    };
  },
};
