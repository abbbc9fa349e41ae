import { BitbudgetError } from '../core/errors.ts';
import type { Clock, Threads } from '../core/ports.ts';
import { type KernelModules, loadKernels } from './load.ts';
import { MAILBOX_WORDS } from './mailbox.ts';
import type { HelperTask } from './serve-team.ts';
import { KernelTeam } from './team.ts';
import type { LoadedKernels } from './types.ts';

/** Above this the handshake would cost more than it brings. */
export const MOST_THREADS = 64;

const INITIAL_PAGES = 64;
/**
 * 4 GiB, or what a machine with fewer addresses has. Shared memory cannot outgrow what is said when it is made; only addresses
 * are taken, memory when it is used.
 */
const MAXIMUM_PAGES = [65536, 16384, 4096];

export interface StartOptions {
  threads: Threads;
  clock: Clock;
  /** See `TeamOptions`. */
  naps?: number;
}

/**
 * Loads kernels with a team of threads over one shared memory. The helpers answer at the speed that they will have before it
 * resolves.
 *
 * @param modules compiled for shared memory.
 * @param count threads, the calling one included.
 * @throws {BitbudgetError} `usage` for a number out of range, `unsupported` where a thread cannot start.
 */
export async function startTeam(modules: KernelModules, count: number, options: StartOptions): Promise<LoadedKernels> {
  assertThreadCount(count);
  const { threads, clock, naps } = options;
  const memory = sharedMemory();
  const kernels = loadKernels(modules, { memory });
  const control = new Int32Array(new SharedArrayBuffer((count - 1) * MAILBOX_WORDS * 4));
  const ends: (() => Promise<void>)[] = [];
  const end = async () => void (await Promise.all(ends.map((end) => end())));
  const team = new KernelTeam(control, { clock, naps, end });
  try {
    const started = await Promise.allSettled(
      Array.from({ length: count - 1 }, async (_, helper) => {
        const task: HelperTask = { modules, memory, control, helper };
        ends.push(await threads.start(task, (reason) => void team.fail(reason)));
      }),
    );
    for (const result of started) if (result.status === 'rejected') throw team.fail(String(result.reason?.message));
    team.rehearse();
  } catch (error) {
    await team.dispose();
    throw error;
  }
  return { ...kernels, team };
}

function sharedMemory(): WebAssembly.Memory {
  let reason = '';
  for (const maximum of MAXIMUM_PAGES) {
    try {
      return new WebAssembly.Memory({ initial: INITIAL_PAGES, maximum, shared: true });
    } catch (error) {
      reason = String(error);
    }
  }
  const problem = `This machine gives no memory that threads share: ${reason}`;
  throw new BitbudgetError('unsupported', problem, 'Use one thread.');
}

/** @throws {BitbudgetError} `usage` for what is no number of threads. */
export function assertThreadCount(count: number): void {
  if (Number.isInteger(count) && count >= 1 && count <= MOST_THREADS) return;
  const problem = `An engine cannot have ${count} threads.`;
  throw new BitbudgetError('usage', problem, `Give a whole number from 1 to ${MOST_THREADS}.`);
}
