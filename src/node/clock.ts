import { openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { Clock, InterruptionCounter } from '../core/ports.ts';

/** Three numbers of up to twenty digits: time on a processor, time waiting for one, slices. */
const SCHEDSTAT_BYTES = 64;

/**
 * Node's monotonic clock. Of the three that Node offers it is the quickest to read and has the finest step
 * (about 100 ns between two readings).
 *
 * @example nodeClock.nowNs() <= nodeClock.nowNs() // => true
 */
export const nodeClock: Clock = {
  nowNs: () => performance.now() * 1e6,
};

/** Involuntary context switches of this process, as the operating system counts them; 0 always on Windows. */
export const nodeInterruptions: InterruptionCounter = {
  contextSwitches: () => process.resourceUsage().involuntaryContextSwitches,
};

/**
 * The same, and on Linux how long the process's first thread waited for a processor, from the scheduler's statistics.
 *
 * @param threads where others run kernels too, nobody tells how long those waited.
 * @param root where the system's files are.
 * @example interruptionCounter().contextSwitches() >= 0 // => true
 */
export function interruptionCounter(threads = 1, root = '/'): InterruptionCounter {
  const file = threads === 1 ? openIfThere(join(root, 'proc/self/schedstat')) : undefined;
  if (file === undefined) return nodeInterruptions;
  const buffer = Buffer.alloc(SCHEDSTAT_BYTES);
  const waitedNs = () =>
    Number(buffer.toString('latin1', 0, readSync(file, buffer, 0, SCHEDSTAT_BYTES, 0)).split(' ')[1]);
  return Number.isFinite(waitedNs()) ? { ...nodeInterruptions, waitedNs } : nodeInterruptions;
}

/** It stays open: it is read before and after everything that is timed. */
function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, 'r');
  } catch {
    return undefined;
  }
}
