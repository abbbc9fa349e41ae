import type { Cancellation } from '../core/ports.ts';
import type { NetworkInput } from '../engine/input.ts';
import type { Session } from '../engine/session.ts';
import { summarizeSamples } from './statistics.ts';
import type { Stopwatch } from './visit.ts';

/** A pass is as fast as the one before if no variant gained more than this. */
const SETTLED_GAIN = 0.05;
/** Passes without gain that prove the compiler done. */
const SETTLED_PASSES = 2;
const MAXIMUM_PASSES = 12;
/** What every variant must have done: engines recompile after some work, or after many calls of a small function. */
const MINIMUM_WORK_NS = 30e6;
const MINIMUM_CALLS = 500;
const RUNS_PER_PASS = 4;
const MAXIMUM_RUNS_PER_PASS = 100;

/** What each variant has done so far. */
type Effort = Map<string, { ns: number; calls: number }>;

function isIdle(done: { ns: number; calls: number } | undefined): boolean {
  return done === undefined || (done.ns < MINIMUM_WORK_NS && done.calls < MINIMUM_CALLS);
}

function addEffort(effort: Effort, variant: string, ns: number): void {
  const done = effort.get(variant);
  if (done) {
    done.ns += ns;
    done.calls++;
  } else {
    effort.set(variant, { ns, calls: 1 });
  }
}

export interface WarmUp {
  /** Whether two passes in a row showed no gain; otherwise the table is marked noisy. */
  proven: boolean;
  passes: number;
  /** Fastest observed run of each variant over all layers it ran in one pass, ns: the sentinels. */
  sentinelsNs: Map<string, number>;
}

/**
 * Runs sessions that together use every variant until the engine's optimising compiler is proven done: every variant
 * has done 30 ms of work or 500 calls, and two passes in a row were no more than 5% faster than the pass before, variant by variant.
 *
 * @param pause yields to the engine's background compiler between passes, in milliseconds.
 */
export async function warmUp(
  sessions: readonly Session[],
  input: NetworkInput,
  stopwatch: Stopwatch,
  pause: (ms: number) => Promise<void>,
  cancellation: Cancellation,
): Promise<WarmUp> {
  const effort: Effort = new Map();
  let best = new Map<string, number>();
  let settled = 0;
  let passes = 0;
  while (passes < MAXIMUM_PASSES && settled < SETTLED_PASSES && !cancellation.aborted) {
    const fastest = timePass(sessions, input, stopwatch, effort);
    let gained = passes === 0;
    for (const [variant, ns] of fastest) {
      const before = best.get(variant);
      if (before !== undefined && ns < before * (1 - SETTLED_GAIN)) gained = true;
      fastest.set(variant, Math.min(ns, before ?? ns));
    }
    const idle = [...effort.values()].some(isIdle);
    settled = gained || idle ? 0 : settled + 1;
    best = fastest;
    passes++;
    await pause(30);
  }
  return { proven: settled >= SETTLED_PASSES, passes, sentinelsNs: best };
}

/**
 * Times the sentinels again at the end: a variant that has become more than 5% faster was not warm when it was measured.
 *
 * @returns the names of such variants.
 */
export function lateVariants(
  warm: WarmUp,
  sessions: readonly Session[],
  input: NetworkInput,
  stopwatch: Stopwatch,
): string[] {
  const now = timePass(sessions, input, stopwatch, new Map());
  return [...now]
    .filter(([variant, ns]) => ns < warm.sentinelsNs.get(variant)! * (1 - SETTLED_GAIN))
    .map(([variant]) => variant);
}

/**
 * How much slower the kernels run than when they had been warmed up, the median of all variants, relative; a device that
 * was slow all the time while it was measured has no other way to show it.
 */
export function slowdownSinceWarmUp(
  warm: WarmUp,
  sessions: readonly Session[],
  input: NetworkInput,
  stopwatch: Stopwatch,
): number {
  const now = timePass(sessions, input, stopwatch, new Map());
  return summarizeSamples([...now].map(([variant, ns]) => ns / warm.sentinelsNs.get(variant)!)).median - 1;
}

/** The least time a variant took for all its layers in one session, summed over sessions. */
function timePass(
  sessions: readonly Session[],
  input: NetworkInput,
  { clock }: Stopwatch,
  effort: Effort,
): Map<string, number> {
  const fastest = new Map<string, number>();
  for (const session of sessions) {
    const ticksNs = new Float64Array(session.steps.length + 1);
    const leastNs = new Float64Array(session.steps.length).fill(Number.POSITIVE_INFINITY);
    const lacking = () => session.steps.some((step) => isIdle(effort.get(step.variant.id)));
    for (let run = 0; run < RUNS_PER_PASS || (lacking() && run < MAXIMUM_RUNS_PER_PASS); run++) {
      session.setInput(input);
      session.executeTimed(clock, ticksNs);
      for (const [i, step] of session.steps.entries()) {
        const ns = ticksNs[i + 1] - ticksNs[i];
        leastNs[i] = Math.min(leastNs[i], ns);
        addEffort(effort, step.variant.id, ns);
      }
    }
    for (const [i, step] of session.steps.entries()) {
      fastest.set(step.variant.id, (fastest.get(step.variant.id) ?? 0) + leastNs[i]);
    }
  }
  return fastest;
}
