import type { NetworkInput } from '../engine/input.ts';
import type { Session } from '../engine/session.ts';
import type { Stopwatch } from './visit.ts';

/** A pass is as fast as the one before if no variant gained more than this. */
const SETTLED_GAIN = 0.05;
/** Passes without gain that prove the compiler done. */
const SETTLED_PASSES = 2;
const MAXIMUM_PASSES = 12;
/** What every variant must have done: engines recompile after some work, or after many calls of a small function. */
const MINIMUM_WORK_NS = 30e6;
const MINIMUM_CALLS = 500;
/** Runs of a session in each pass, and how long they may take together. */
const RUNS_PER_PASS = 4;
const PASS_NS = 40e6;

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
 * has done 30 ms of work or 500 calls, and two passes in a row were no more than 5% faster than all before, variant by
 * variant. Between passes the engine's background compiler has time.
 *
 * @param isOver asked after each pass: once the time is over, nothing is proven any more.
 */
export async function warmUp(
  sessions: readonly Session[],
  input: NetworkInput,
  stopwatch: Stopwatch,
  isOver: () => boolean = () => false,
): Promise<WarmUp> {
  const { pause, cancellation } = stopwatch;
  const effort: Effort = new Map();
  let best = new Map<string, number>();
  let settled = 0;
  let passes = 0;
  while (passes < MAXIMUM_PASSES && settled < SETTLED_PASSES && !cancellation.aborted) {
    if (passes > 0) exercise(sessions, input, stopwatch, effort);
    const fastest = await timePass(sessions, input, stopwatch, effort);
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
    if (isOver()) break;
    await pause(30);
  }
  return { proven: settled >= SETTLED_PASSES, passes, sentinelsNs: best };
}

/**
 * Times the sentinels again at the end: a variant that has become more than 5% faster was not warm when it was measured.
 *
 * @returns the names of such variants.
 */
export async function lateVariants(
  warm: WarmUp,
  sessions: readonly Session[],
  input: NetworkInput,
  stopwatch: Stopwatch,
): Promise<string[]> {
  const now = await timePass(sessions, input, stopwatch, new Map());
  return [...now]
    .filter(([variant, ns]) => ns < warm.sentinelsNs.get(variant)! * (1 - SETTLED_GAIN))
    .map(([variant]) => variant);
}

/** The least time a variant took for all its layers in one session, summed over sessions. */
async function timePass(
  sessions: readonly Session[],
  input: NetworkInput,
  stopwatch: Stopwatch,
  effort: Effort,
): Promise<Map<string, number>> {
  const fastest = new Map<string, number>();
  for (const session of sessions) {
    await stopwatch.reference.settle(stopwatch);
    const leastNs = timeLayers(session, input, stopwatch, effort);
    for (const [i, step] of session.steps.entries()) {
      fastest.set(step.variant.id, (fastest.get(step.variant.id) ?? 0) + leastNs[i]);
    }
  }
  return fastest;
}

/** Runs layers alone whose variant has not done its work: whole networks would do mostly other work meanwhile. */
function exercise(sessions: readonly Session[], input: NetworkInput, { clock }: Stopwatch, effort: Effort): void {
  for (const session of sessions) {
    session.setInput(input);
    for (const [layer, { variant }] of session.steps.entries()) {
      while (isIdle(effort.get(variant.id))) {
        const startNs = clock.nowNs();
        session.executeRange(layer, layer + 1);
        addEffort(effort, variant.id, clock.nowNs() - startNs);
      }
    }
  }
}

/** The least time of each layer over a few runs. */
function timeLayers(session: Session, input: NetworkInput, { clock }: Stopwatch, effort: Effort): Float64Array {
  const ticksNs = new Float64Array(session.steps.length + 1);
  const leastNs = new Float64Array(session.steps.length).fill(Number.POSITIVE_INFINITY);
  const endNs = clock.nowNs() + PASS_NS;
  for (let run = 0; run < RUNS_PER_PASS && (run === 0 || clock.nowNs() < endNs); run++) {
    session.setInput(input);
    session.executeTimed(clock, ticksNs);
    for (const [i, step] of session.steps.entries()) {
      const ns = ticksNs[i + 1] - ticksNs[i];
      leastNs[i] = Math.min(leastNs[i], ns);
      addEffort(effort, step.variant.id, ns);
    }
  }
  return leastNs;
}
