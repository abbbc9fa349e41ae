import type { Clock } from '../core/ports.ts';
import { type KernelModules, loadKernels } from './load.ts';
import {
  awaitChange,
  CALLER_SLEEPS,
  claim,
  DONE,
  END,
  HELPER_SLEEPS,
  JOB,
  KERNEL,
  MAILBOX_WORDS,
  PARAMETERS,
  writeFailure,
} from './mailbox.ts';
import { KERNEL_VARIANTS } from './registry.ts';

/** What a helper is started with; it can be cloned to another thread. */
export interface HelperTask {
  /** Compiled for shared memory. */
  modules: KernelModules;
  memory: WebAssembly.Memory;
  /** The mailboxes of all helpers. */
  control: Int32Array;
  helper: number;
}

/** How long a helper stays awake after a job: longer than whatever happens between two layers or two runs. */
const SPIN_NS = 2e6;
/** One nap, until somebody wakes it. */
const SLEEP = { count: 1, ms: Number.POSITIVE_INFINITY };

/**
 * Runs kernels for a `KernelTeam` on the current thread until the team ends; it never gives the thread back in between. A
 * kernel that fails makes the team's call fail with its message.
 *
 * @param onReady called once, when jobs are taken.
 */
export function serveTeam({ modules, memory, control, helper }: HelperTask, clock: Clock, onReady: () => void): void {
  const kernels = loadKernels(modules, { memory });
  const calls: ((parameters: number) => void)[] = [];
  const patience = { nowNs: () => clock.nowNs(), spinNs: SPIN_NS };
  const mailbox = helper * MAILBOX_WORDS;
  let job = 0;
  onReady();
  for (;;) {
    const next = awaitChange(control, mailbox + JOB, job, mailbox + HELPER_SLEEPS, patience, SLEEP);
    if (next === job) continue; // woken, so that it is awake when work comes
    job = next;
    if (!claim(control, mailbox, job)) continue; // the caller would not wait
    const kernel = control[mailbox + KERNEL];
    if (kernel === END) return;
    if (kernel >= 0) {
      try {
        const call = (calls[kernel] ??= kernels.call(KERNEL_VARIANTS[kernel].id));
        call(control[mailbox + PARAMETERS]);
      } catch (error) {
        writeFailure(control, mailbox, error instanceof Error ? error.message : String(error));
      }
    }
    Atomics.store(control, mailbox + DONE, job);
    if (Atomics.load(control, mailbox + CALLER_SLEEPS)) Atomics.notify(control, mailbox + DONE);
  }
}
