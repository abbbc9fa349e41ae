import { sum } from 'simple-statistics';
import type { Clock, InterruptionCounter } from '../core/ports.ts';
import { clamp } from '../core/rounding.ts';
import type { NetworkInput } from '../engine/input.ts';
import type { Session } from '../engine/session.ts';
import { EdgeTimer } from './edge-timer.ts';
import type { ReferenceKernel, Waiting } from './reference-kernel.ts';
import type { AtPosition, StackPositions } from './stack-positions.ts';
import { summarizeSamples } from './statistics.ts';

/** What timing needs of its surroundings. */
export interface Stopwatch extends Waiting {
  clock: Clock;
  interruptions: InterruptionCounter;
  reference: ReferenceKernel;
  positions: StackPositions;
  /** How wrong a time may be because the clock moves in steps, ns; 0 or absent for a fine clock. */
  clockQuantumNs?: number;
}

/** How often a network is run in one visit. */
export interface VisitPlan {
  /** Runs before the first timed one: they bring caches and branch predictors to the network's own state. */
  warmRuns: number;
  /** Pairs of one run timed layer by layer and one timed as a whole. */
  repeats: number;
}

/** One network's visit: what its undisturbed runs took, in nanoseconds. */
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
/** Of fewer runs it cannot be told which were left alone. */
const REPEATS = { least: 3, most: 5 };
/** On a coarse clock a sample lasts so many of its steps at least. */
export const STEPS_PER_SAMPLE = 20;
const MOST_REPEATS = 2 ** 20;
/** Of a run, what may be taken from it unharmed. */
const HARMLESS_SHARE = 0.001;
/** Where no two runs agree there are more, until they took so long together. */
const MOST_MEASURED_NS = 15e6;
/** How often a disturbed pair of runs is tried again before the visit is given up. */
const ATTEMPTS_PER_REPEAT = 4;
/** Runs that took more than this in multiples of the shortest of a visit were not left alone. */
const LEFT_ALONE = 1.02;

/**
 * How often to run a network that takes so long: short ones need several runs after a switch until they are steady, long
 * ones bring their own state with the first.
 *
 * @example [visitPlan(1.5e6), visitPlan(80e6)] // => [{ warmRuns: 4, repeats: 3 }, { warmRuns: 1, repeats: 3 }]
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
  const at = stopwatch.positions.next();
  const layers = session.steps.length;
  const ticksNs = new Float64Array(layers + 1);
  const layerSamples = session.steps.map(() => [] as number[]);
  const layeredSamples: number[] = [];
  const wholeSamples: number[] = [];
  let interrupted = 0;

  await reference.settle(stopwatch);
  const { levelShifts } = reference;
  const plan = at(() => warmSession(session, input, clock));
  const isEnough = () =>
    isSettled(layeredSamples, plan.repeats, stopwatch) && isSettled(wholeSamples, plan.repeats, stopwatch);
  for (let attempt = 0; attempt < plan.repeats * ATTEMPTS_PER_REPEAT && !isEnough(); attempt++) {
    let wholeNs = 0;
    const calm = watch(stopwatch, () => {
      at(() => {
        session.setInput(input);
        session.executeTimed(clock, ticksNs);
      });
      wholeNs = at(() => timeWhole(session, input, clock));
    });
    if (calm && wholeNs >= 0 && isAscending(ticksNs)) {
      for (let layer = 0; layer < layers; layer++) layerSamples[layer].push(ticksNs[layer + 1] - ticksNs[layer]);
      layeredSamples.push(ticksNs[layers] - ticksNs[0]);
      wholeSamples.push(wholeNs);
      continue;
    }
    interrupted++;
    await resume(session, input, stopwatch, at);
  }
  // runs at two speeds of the machine are no sample of either
  if (wholeSamples.length === 0 || reference.levelShifts !== levelShifts) return { interrupted };
  const visit = {
    layersNs: Float64Array.from(layerSamples, (samples) => undisturbedNs(samples, stopwatch, layeredSamples)),
    wholeNs: undisturbedNs(wholeSamples, stopwatch),
  };
  return { visit, interrupted };
}

/** The same for the network as a whole alone: for clocks too coarse for layers, and where layers are timed otherwise. */
export async function visitWhole(session: Session, input: NetworkInput, stopwatch: Stopwatch): Promise<VisitResult> {
  const { clock, reference } = stopwatch;
  const at = stopwatch.positions.next();
  await reference.settle(stopwatch);
  const { levelShifts } = reference;
  const { repeats } = at(() => warmSession(session, input, clock));
  const { runsNs, interrupted } = await new RunTimer(session, input, stopwatch).calmRuns(repeats, at);
  if (runsNs.length === 0 || reference.levelShifts !== levelShifts) return { interrupted };
  return { visit: { layersNs: new Float64Array(0), wholeNs: undisturbedNs(runsNs, stopwatch) }, interrupted };
}

/**
 * Times runs of a network; on a coarse clock so many in a row that they last 20 of its steps. Then the input is written
 * between the runs, and what that takes is timed apart and taken off.
 */
export class RunTimer {
  /** Runs that are timed together. */
  readonly runs: number;
  private readonly session: Session;
  private readonly input: NetworkInput;
  private readonly stopwatch: Stopwatch;
  private readonly inputNs: number;
  private readonly edges: EdgeTimer | undefined;

  constructor(session: Session, input: NetworkInput, stopwatch: Stopwatch) {
    const { clock, clockQuantumNs = 0 } = stopwatch;
    this.session = session;
    this.input = input;
    this.stopwatch = stopwatch;
    const leastNs = STEPS_PER_SAMPLE * clockQuantumNs;
    this.runs = repeatsLasting(leastNs, (runs) => {
      const start = clock.nowNs();
      this.run(runs);
      return clock.nowNs() - start;
    });
    this.inputNs = 0;
    if (leastNs === 0) return;
    this.edges = new EdgeTimer(clock);
    this.inputNs = this.edges.timeNs(() => this.write(this.runs)) / this.runs;
  }

  /** So many runs that were left alone, ns each; fewer where others were disturbed again and again. */
  async calmRuns(runs: number, at: AtPosition): Promise<{ runsNs: number[]; interrupted: number }> {
    const runsNs: number[] = [];
    let interrupted = 0;
    const isEnough = () => isSettled(runsNs, runs, this.stopwatch);
    for (let attempt = 0; attempt < runs * ATTEMPTS_PER_REPEAT && !isEnough(); attempt++) {
      let ns = 0;
      const calm = watch(this.stopwatch, () => {
        ns = at(() => this.runNs());
      });
      if (calm && ns > 0) runsNs.push(ns);
      else {
        interrupted++;
        await resume(this.session, this.input, this.stopwatch, at);
      }
    }
    return { runsNs, interrupted };
  }

  /** What one run takes, ns; without writing the input. */
  private runNs(): number {
    if (!this.edges) return timeWhole(this.session, this.input, this.stopwatch.clock);
    return this.edges.timeNs(() => this.run(this.runs)) / this.runs - this.inputNs;
  }

  private run(times: number): void {
    for (let i = 0; i < times; i++) {
      this.session.setInput(this.input);
      this.session.execute();
    }
  }

  private write(times: number): void {
    for (let i = 0; i < times; i++) this.session.setInput(this.input);
  }
}

/**
 * How often something must be done to take so long.
 *
 * @param leastNs 0 for a clock that resolves a single time.
 * @param timeNs times so many in a row.
 * @example repeatsLasting(1000, (times) => 30 * times) // => 34
 */
export function repeatsLasting(leastNs: number, timeNs: (times: number) => number): number {
  if (leastNs === 0) return 1;
  for (let times = 1; times < MOST_REPEATS; times *= 2) {
    const ns = timeNs(times);
    // a quarter of it is enough to know the rest
    if (ns >= leastNs / 4) return Math.min(Math.ceil((times * leastNs) / ns), MOST_REPEATS);
  }
  return MOST_REPEATS;
}

/** Runs a network after a switch until it is steady; how long it takes says how often it is to be run. */
export function warmSession(session: Session, input: NetworkInput, clock: Clock): VisitPlan {
  const plan = visitPlan(Math.max(timeWhole(session, input, clock), 1));
  for (let run = 1; run < plan.warmRuns; run++) timeWhole(session, input, clock);
  return plan;
}

/** Waits for calm after a disturbance, and brings the network's state back if that took time. */
async function resume(session: Session, input: NetworkInput, stopwatch: Stopwatch, at: AtPosition): Promise<void> {
  const { waitedMs } = stopwatch.reference;
  await stopwatch.reference.settle(stopwatch);
  if (stopwatch.reference.waitedMs > waitedMs) at(() => timeWhole(session, input, stopwatch.clock));
}

/**
 * Does something. Where the system tells how long this thread waited for the processor, a thousandth of the work is let
 * pass: the system's own threads take some microseconds from every long run, and harm none. Elsewhere any context switch counts.
 *
 * @returns whether it had the processor for itself until its end, or there is no more patience to wait for that.
 */
export function watch({ clock, interruptions, reference }: Stopwatch, work: () => void): boolean {
  const before = interruptions.contextSwitches();
  const waitedBeforeNs = interruptions.waitedNs?.();
  const startNs = clock.nowNs();
  work();
  const tookNs = clock.nowNs() - startNs;
  const interrupted =
    waitedBeforeNs === undefined
      ? interruptions.contextSwitches() !== before
      : interruptions.waitedNs!() - waitedBeforeNs > HARMLESS_SHARE * tookNs;
  return reference.look() && (!interrupted || reference.isOutOfPatience);
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

/** Whether so many runs were made, and the shortest of them is no exception: another agrees with it, or they took long. */
function isSettled(samplesNs: readonly number[], runs: number, { clockQuantumNs = 0 }: Stopwatch): boolean {
  if (samplesNs.length < runs) return false;
  if (clockQuantumNs > 0 || sum(samplesNs) >= MOST_MEASURED_NS) return true;
  const longestNs = Math.min(...samplesNs) * LEFT_ALONE;
  return samplesNs.filter((ns) => ns <= longestNs).length > 1;
}

/**
 * What runs in a row take: the median of those that took at most 2% longer than the shortest. Work that hides between two
 * calm looks at the reference kernel only makes runs longer, and more than the noise of a run left alone does. By a clock
 * that moves in steps the shortest is the one that met the fewest of them, and all runs count.
 *
 * @param samplesNs at least one.
 * @param wholesNs what decides which runs count, for each sample: the samples themselves unless given.
 */
export function undisturbedNs(
  samplesNs: readonly number[],
  { clockQuantumNs = 0 }: Stopwatch,
  wholesNs: readonly number[] = samplesNs,
): number {
  const longestNs = clockQuantumNs > 0 ? Number.POSITIVE_INFINITY : Math.min(...wholesNs) * LEFT_ALONE;
  return summarizeSamples(samplesNs.filter((_, run) => wholesNs[run] <= longestNs)).median;
}
