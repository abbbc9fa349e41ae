import { measureClockStepNs } from './clock-step.ts';
import { ConditionWatch } from './condition-watch.ts';
import type { Doubt } from './entries.ts';
import type { Measurements } from './protocols.ts';
import { clockQuantumNs, SteadyClock } from './steady-clock.ts';
import type { Bench } from './surroundings.ts';
import { judge, type Verdict } from './verdict.ts';
import type { WarmUp } from './warm-up.ts';

/** What a profile found out by the time that it is judged. */
export interface ProfileCourse
  extends Pick<Measurements, 'timed' | 'networks' | 'dropped' | 'levelNs' | 'interruptedRuns' | 'timedOut' | 'scaled'> {
  warm: WarmUp;
  /** Variants that were still getting faster after they had been measured. */
  late: readonly string[];
  /** Of whole networks over sums of their entries, where that should be near 1. */
  scalar: number;
}

/** Watches clock, sensors and reference kernel while a profile is made, for the verdict on its entries. */
export class CourseWatch {
  /** The bench, watched: to be measured on instead of the one given. */
  readonly bench: Bench;
  readonly clockStepNs: number;
  private readonly clock: SteadyClock;
  private readonly conditions = new ConditionWatch();

  private readonly longSamples: boolean;

  /** @param longSamples whether each sample lasts many steps of the clock, however coarse it is. */
  constructor(given: Bench, longSamples = false) {
    this.longSamples = longSamples;
    this.clock = new SteadyClock(given.clock);
    this.clockStepNs = measureClockStepNs(given.clock);
    this.bench = this.conditions.around({
      ...given,
      clock: this.clock,
      clockQuantumNs: longSamples ? clockQuantumNs(this.clock, this.clockStepNs) : 0,
      interruptions: this.clock.countedWith(given.interruptions),
    });
  }

  /** Ends the watch: what the course says of the table, and of each of its entries. */
  judge({ timed, warm, late, scalar, scaled }: ProfileCourse): { verdict: Verdict; doubt: Doubt } {
    const quantumNs = clockQuantumNs(this.clock, this.clockStepNs);
    const { bestLevelNs, unrest } = this.bench.reference;
    const verdict = judge({
      levelsNs: timed.map(({ referenceNs }) => referenceNs),
      bestLevelNs,
      readings: this.conditions.finish(),
      scalar,
      warmUpProven: warm.proven,
      lateVariants: late.length,
      unrest,
      setBacks: this.clock.setBacks,
      clockQuantumNs: quantumNs,
    });
    const doubt = {
      throttled: verdict.throttled,
      unwarmed: new Set(late),
      allNoisy: verdict.noisy,
      groups: scaled,
      drift: verdict.drift,
      belowBest: verdict.belowBest,
      clockQuantumNs: this.longSamples ? 0 : quantumNs,
    };
    return { verdict, doubt };
  }

  /** The course as the table's `protocol` tells it. */
  record(course: ProfileCourse, verdict: Verdict, slowdown: number) {
    const { reference } = this.bench;
    const { warm, late, levelNs } = course;
    const rounded = (value: number, digits: number) => Math.round(value * 10 ** digits) / 10 ** digits;
    return {
      networks: course.networks.length,
      droppedNetworks: course.dropped,
      interruptedRuns: course.interruptedRuns,
      waitedS: rounded(reference.waitedMs / 1e3, 1),
      levelShifts: reference.levelShifts,
      referenceNs: Number.isNaN(levelNs) ? null : Math.round(levelNs),
      bestReferenceNs: Math.round(reference.bestLevelNs),
      validationSlowdown: Number.isNaN(slowdown) ? null : rounded(slowdown, 3),
      warmUpPasses: warm.passes,
      warmUpProven: warm.proven && late.length === 0,
      timedOut: course.timedOut,
      drift: rounded(verdict.drift, 4),
      unrest: rounded(reference.unrest, 4),
      ...(verdict.reasons.length > 0 && { doubts: verdict.reasons.join('; ') }),
    };
  }
}
