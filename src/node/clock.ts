import { performance } from 'node:perf_hooks';
import type { Clock, InterruptionCounter } from '../core/ports.ts';

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
