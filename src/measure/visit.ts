import type { Clock, InterruptionCounter } from '../core/ports.ts';
import { clamp } from '../core/rounding.ts';
import type { NetworkInput } from '../engine/input.ts';
import type { Session } from '../engine/session.ts';
import type { ReferenceKernel, Waiting } from './reference-kernel.ts';
import { summarizeSamples } from './statistics.ts';

/** What timing needs of its surroundings. */
export interface Stopwatch extends Waiting {
  clock: Clock;
  interruptions: InterruptionCounter;
  reference: ReferenceKernel;
}

/** How often a network is run in one visit. */
export interface VisitPlan {
  /** Runs before the first timed one: they bring caches and branch predictors to the network's own state. */
  warmRuns: number;
  /** Pairs of one run timed layer by layer and one timed as a whole. */
  repeats: number;
}

/** One network's visit: medians over its undisturbed runs, in nanoseconds. */
export interface Visit {
  layersNs: Float64Array;
  wholeNs: number;
}

export interface VisitResult {
  /** Undefined if no run was left undisturbed, or if the machine changed its speed meanwhile. */
  visit?: Visit;
  /** Pairs of runs that were dropped because something else took part of the processor. */
  interrupted: number;
}

/** Unmeasured work after switching to a network, and measured work; within the bounds on runs. */
const WARM_NS = 6e6;
const WARM_RUNS = { least: 1, most: 5 };
const MEASURED_NS = 5e6;
const REPEATS = { least: 1, most: 5 };
/** How often a disturbed pair of runs is tried again before the visit is given up. */
const ATTEMPTS_PER_REPEAT = 4;

/**
 * How often to run a network that takes so long: short ones need several runs after a switch until they are steady, long
 * ones bring their own state with the first.
 *
 * @example [visitPlan(1.5e6), visitPlan(80e6)] // => [{ warmRuns: 4, repeats: 3 }, { warmRuns: 1, repeats: 1 }]
 */
export function visitPlan(runNs: number): VisitPlan {
  return {
    warmRuns: clamp(Math.ceil(WARM_NS / runNs), WARM_RUNS.least, WARM_RUNS.most),
    repeats: clamp(Math.round(MEASURED_NS / runNs), REPEATS.least, REPEATS.most),
  };
}

/**
 * Times one loaded network: a few unmeasured runs, then pairs of a run timed layer by layer and an untimed one. The
 * reference kernel runs between the pairs; one that it shows to be disturbed, or during which a context switch happened,
 * is dropped, and tried again when the machine is calm.
 */
export async function visitNetwork(session: Session, input: NetworkInput, stopwatch: Stopwatch): Promise<VisitResult> {
  const { clock, reference } = stopwatch;
  const layers = session.steps.length;
  const ticksNs = new Float64Array(layers + 1);
  const layerSamples = session.steps.map(() => [] as number[]);
  const wholeSamples: number[] = [];
  let interrupted = 0;

  await reference.settle(stopwatch);
  const { levelShifts } = reference;
  const plan = warmSession(session, input, clock);
  for (let attempt = 0; attempt < plan.repeats * ATTEMPTS_PER_REPEAT && wholeSamples.length < plan.repeats; attempt++) {
    let wholeNs = 0;
    const calm = watch(stopwatch, () => {
      session.setInput(input);
      session.executeTimed(clock, ticksNs);
      wholeNs = timeWhole(session, input, clock);
    });
    if (calm && wholeNs >= 0 && isAscending(ticksNs)) {
      for (let layer = 0; layer < layers; layer++) layerSamples[layer].push(ticksNs[layer + 1] - ticksNs[layer]);
      wholeSamples.push(wholeNs);
      continue;
    }
    interrupted++;
    await resume(session, input, stopwatch);
  }
  // runs at two speeds of the machine are no sample of either
  if (wholeSamples.length === 0 || reference.levelShifts !== levelShifts) return { interrupted };
  const visit = { layersNs: Float64Array.from(layerSamples, medianOf), wholeNs: medianOf(wholeSamples) };
  return { visit, interrupted };
}

/** Runs a network after a switch until it is steady; how long it takes says how often it is to be run. */
export function warmSession(session: Session, input: NetworkInput, clock: Clock): VisitPlan {
  const plan = visitPlan(Math.max(timeWhole(session, input, clock), 1));
  for (let run = 1; run < plan.warmRuns; run++) timeWhole(session, input, clock);
  return plan;
}

/** Waits for calm after a disturbance, and brings the network's state back if that took time. */
export async function resume(session: Session, input: NetworkInput, stopwatch: Stopwatch): Promise<void> {
  const { waitedMs } = stopwatch.reference;
  await stopwatch.reference.settle(stopwatch);
  if (stopwatch.reference.waitedMs > waitedMs) timeWhole(session, input, stopwatch.clock);
}

/** Does something. @returns whether it had the processor for itself until its end. */
export function watch({ interruptions, reference }: Stopwatch, work: () => void): boolean {
  const before = interruptions.contextSwitches();
  work();
  const switched = interruptions.contextSwitches() !== before;
  return reference.look() && !switched;
}

/** One run from a freshly written input tensor to the output, in nanoseconds; writing the input is not counted. */
export function timeWhole(session: Session, input: NetworkInput, clock: Clock): number {
  session.setInput(input);
  const start = clock.nowNs();
  session.execute();
  return clock.nowNs() - start;
}

/** False if the clock went back in between. */
function isAscending(ticksNs: Float64Array): boolean {
  for (let i = 1; i < ticksNs.length; i++) if (ticksNs[i] < ticksNs[i - 1]) return false;
  return true;
}

function medianOf(samples: readonly number[]): number {
  return summarizeSamples(samples).median;
}
