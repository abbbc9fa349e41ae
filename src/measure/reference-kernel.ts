import type { Cancellation, Clock } from '../core/ports.ts';
import { Ordered } from './ordered.ts';

/** How long one run of the reference loop takes, where the clock is fine enough for it. */
const RUN_NS = 45_000;
/** … and on coarse clocks at least so many of their steps. */
const CLOCK_STEPS_PER_RUN = 20;
/** Speeds of the machine that differ by less are the same. */
const SAME_LEVEL = 0.03;
const OWN_SHARE = 0.2;
/** A core that is shared takes longer than this in multiples of the best; a neighbour that is merely awake costs 6%. */
const NEAR_BEST = 1.15;
const NEAR_SHARE = 0.05;
/** Calm runs that are looked back at to know what calm is. */
const HISTORY = 2000;
/** Calm is the lower edge of what was seen: other work only makes runs longer. */
const CALM_QUANTILE = 0.05;
/** A run this much above it is disturbed; on calm machines runs agree within 0.5%. */
const TOLERANCE = 0.02;
/** Passes over the operands before each timed run. */
const WARM_STEPS = 2;
/** Looks, spread over time, before the first judgement. */
const FIRST_LOOKS = 64;
/** A processor that has just slept needs some runs to come back to speed: so many are tried, and two in a row must be calm. */
const LOOKS_AFTER_PAUSE = 12;
/** After so much waiting the machine is taken for slower than it was: what is calm is learnt anew, and measuring goes on. */
const PATIENCE_MS = 4000;
const LONGEST_PAUSE_MS = 16;
/** After so much waiting on one core another is tried. */
const MOVE_AFTER_MS = 250;
/** Waiting in one stage of measuring; afterwards everything is taken as it comes, and wide intervals say so. */
const STAGE_PATIENCE_MS = 60_000;
/** Levels are given for so many steps of the loop, whatever a run has. */
const LEVEL_STEPS = 10_000;

/**
 * The machine's own speed: neighbours slow it down by ever-different amounts, left alone it keeps to one. The highest
 * speed counts at which a fifth of the measurements were made, or else the commonest. Where the machine was seen near its
 * best all along, speeds far below it are those of a core that is shared, however common they are.
 *
 * @param levelsNs what the reference kernel took at the time of each measurement, in order; those within 3% are one level.
 * @returns the least of the level; NaN without any.
 * @example ownLevel([80, 45.1, 80.1, 44.9, 80.2, 61, 45]) // => 44.9
 */
export function ownLevel(levelsNs: readonly number[]): number {
  const sorted = nearBest(levelsNs).sort((a, b) => a - b);
  let [level, most] = [Number.NaN, 0];
  for (let low = 0, high = 0; low < sorted.length; low++) {
    while (high < sorted.length && isSameLevel(sorted[high], sorted[low])) high++;
    if (high - low > most) [level, most] = [sorted[low], high - low];
    if (most >= Math.max(OWN_SHARE * sorted.length, NEAR_SHARE * levelsNs.length)) break;
  }
  return level;
}

/** The measurements near the best, where those are a twentieth of the earlier and of the later half of all; or else all. */
function nearBest(levelsNs: readonly number[]): number[] {
  const best = [...levelsNs].sort((a, b) => a - b)[Math.floor(levelsNs.length / 100)];
  const isNear = (ns: number) => ns <= best * NEAR_BEST;
  const middle = levelsNs.length >> 1;
  const halves = [levelsNs.slice(0, middle), levelsNs.slice(middle)];
  const allAlong = halves.every((half) => half.filter(isNear).length >= NEAR_SHARE * half.length);
  return allAlong ? levelsNs.filter(isNear) : [...levelsNs];
}

/** Whether a measurement was made at the machine's speed `levelNs`, or up to 3% above it. */
export function isSameLevel(ns: number, levelNs: number): boolean {
  return ns >= levelNs && ns <= levelNs * (1 + SAME_LEVEL);
}

/** What waiting needs of its surroundings. */
export interface Waiting {
  pause: (ms: number) => Promise<void>;
  /** Moves the process to another processor core, where the platform can: the neighbour may not be there. */
  moveAside?: () => void;
  cancellation: Cancellation;
}

/**
 * A fixed amount of work of the kernels' own kind, run between measurements. It reads under 2 KB, and takes the same time
 * to within half a percent unless the processor is slower than it was or shares its core with other work: so it tells,
 * without sensors, which measurements were left alone.
 */
export class ReferenceKernel {
  /** The fastest that the machine was seen, ns for 10,000 steps; of the thousands of looks of a profile a few are calm. */
  bestLevelNs = Number.POSITIVE_INFINITY;
  /** How often the level of calm was learnt anew because the machine stayed slow. */
  levelShifts = 0;
  /** Time spent waiting for calm, in all. */
  waitedMs = 0;
  private stageStartMs = 0;
  private stagePatienceMs = STAGE_PATIENCE_MS;
  private readonly afterCalm = { looks: 0, disturbed: 0 };
  private readonly loop: (steps: number) => number;
  private readonly clock: Clock;
  private readonly clockStepNs: number;
  private readonly seen = new Ordered(HISTORY);
  private steps = 0;
  private latestNs = 0;

  /** @param loop does so many steps of work. */
  constructor(loop: (steps: number) => number, clock: Clock, clockStepNs = 0) {
    this.loop = loop;
    this.clock = clock;
    this.clockStepNs = clockStepNs;
  }

  /** What a run takes on the calm machine, ns; NaN before the first look. */
  get calmNs(): number {
    return this.seen.quantile(CALM_QUANTILE);
  }

  /** What the last run took, ns for 10,000 steps: comparable between processes. */
  get levelNs(): number {
    return (this.latestNs / this.steps) * LEVEL_STEPS;
  }

  /**
   * Makes calm what it was at an earlier time, in another process perhaps, until the machine is found to stay slower.
   *
   * @param levelNs what a run took then, ns for 10,000 steps.
   */
  expect(levelNs: number): void {
    this.seen.clear();
    if (this.steps === 0) this.steps = this.chooseSteps();
    for (let look = 0; look < FIRST_LOOKS; look++) this.seen.add((levelNs / LEVEL_STEPS) * this.steps);
  }

  /**
   * The share of looks right after a calm one that were disturbed. Work that comes and goes within a look's 45 µs hides in
   * what is timed between two calm looks.
   */
  get unrest(): number {
    const { looks, disturbed } = this.afterCalm;
    return looks === 0 ? 0 : disturbed / looks;
  }

  /** Begins another stage, with new patience. */
  beginStage(): void {
    this.stageStartMs = this.waitedMs;
  }

  /** Waits no longer than this in each stage; of several such times, and a minute, the shortest. */
  waitAtMost(ms: number): void {
    this.stagePatienceMs = Math.min(ms, this.stagePatienceMs);
  }

  /** Runs it once. @returns whether nothing else slowed it down. */
  look(): boolean {
    this.latestNs = this.time();
    if (this.latestNs < 0) return false; // the clock was set back
    // by a coarse clock it may have taken up to a step longer
    const longestNs = this.latestNs + this.clockStepNs;
    if (longestNs > 0) this.bestLevelNs = Math.min(this.bestLevelNs, (longestNs / this.steps) * LEVEL_STEPS);
    const learning = this.seen.size < FIRST_LOOKS;
    const calm = learning || this.latestNs <= this.calmNs * (1 + TOLERANCE) + 2 * this.clockStepNs;
    if (calm) this.seen.add(this.latestNs);
    return calm || this.isOutOfPatience;
  }

  /** Whether so much of this stage was waited that everything is taken as it comes. */
  get isOutOfPatience(): boolean {
    return this.waitedMs - this.stageStartMs > this.stagePatienceMs;
  }

  /** Waits until the machine is left alone, for four seconds at most; less if the user cancels. */
  async settle({ pause, moveAside, cancellation }: Waiting): Promise<void> {
    while (this.seen.size < FIRST_LOOKS) {
      this.look();
      if (this.seen.size % 4 === 0) await pause(1);
    }
    let waitedMs = 0;
    let moves = 0;
    for (let ms = 1; !this.isCalm() && !cancellation.aborted; ms = Math.min(2 * ms, LONGEST_PAUSE_MS)) {
      if (waitedMs >= PATIENCE_MS) {
        this.levelShifts++;
        this.seen.clear();
        return;
      }
      await pause(ms);
      waitedMs += ms;
      this.waitedMs += ms;
      if (waitedMs >= (moves + 1) * MOVE_AFTER_MS) {
        moves++;
        moveAside?.();
      }
    }
  }

  /** Whether two of a few runs in a row are undisturbed. */
  private isCalm(): boolean {
    let calm = 0;
    for (let looks = 0; looks < LOOKS_AFTER_PAUSE && calm < 2; looks++) {
      const after = calm > 0;
      calm = this.look() ? calm + 1 : 0;
      if (!after) continue;
      this.afterCalm.looks++;
      if (calm === 0) this.afterCalm.disturbed++;
    }
    return calm === 2;
  }

  private time(): number {
    if (this.steps === 0) this.steps = this.chooseSteps();
    // a large network leaves nothing of the loop's operands in the caches: fetching them would look like a neighbour
    this.loop(WARM_STEPS);
    return this.run(this.steps);
  }

  private run(steps: number): number {
    const start = this.clock.nowNs();
    this.loop(steps);
    return this.clock.nowNs() - start;
  }

  /** Doubles the steps until a run is long enough to be timed, then scales them to the wanted time. */
  private chooseSteps(): number {
    const wantedNs = Math.max(RUN_NS, CLOCK_STEPS_PER_RUN * this.clockStepNs);
    let steps = 256;
    let ns = 0;
    for (; steps < 2 ** 28; steps *= 2) {
      ns = Math.min(this.run(steps), this.run(steps), this.run(steps));
      if (ns >= wantedNs / 4) break;
    }
    return Math.max(Math.round((steps * wantedNs) / Math.max(ns, 1)), 1);
  }
}
