import { Worker } from 'node:worker_threads';
import type { Threads } from '../core/ports.ts';
import { loadKernels } from '../kernels/load.ts';
import { assertThreadCount, startTeam } from '../kernels/start-team.ts';
import type { LoadedKernels } from '../kernels/types.ts';
import { nodeClock } from './clock.ts';
import { workerEntry } from './entry-resolution.ts';
import { type CompileOptions, loadKernelModules } from './kernel-files.ts';

/** How long a thread may take to start, on a busy phone too. */
const START_MS = 60_000;
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
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<string>((resolve) => {
      timer = setTimeout(() => resolve(`it has not started within ${START_MS / 1000} s.`), START_MS);
    });
    const failure = await Promise.race([ready, ended, late]);
    clearTimeout(timer);
    if (failure !== undefined) {
      void worker.terminate();
      throw new Error(failure);
    }
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

/**
 * The kernels of this package, with as many threads as asked for, the calling one included. `team.dispose()` ends the others.
 *
 * @throws {BitbudgetError} `usage` for a number of threads out of range, `unsupported` where a thread cannot start.
 */
export async function openKernels(
  threads: number,
  options: Pick<CompileOptions, 'optimize'> = {},
): Promise<LoadedKernels> {
  assertThreadCount(threads);
  const modules = await loadKernelModules({ ...options, shared: threads > 1 });
  return threads === 1 ? loadKernels(modules) : startTeam(modules, threads, { threads: nodeThreads, clock: nodeClock });
}
