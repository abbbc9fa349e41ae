import type { Clock } from '../core/ports.ts';
import { summarizeSamples } from './statistics.ts';

/** Readings that a wait for the clock's next step may take. */
const MOST_READINGS = 2 ** 24;
const CALIBRATIONS = 5;

/**
 * Times more finely than a clock of coarse steps shows: from one of its steps to the end of the work, and on to the next
 * step, which is waited for by reading the clock again and again. How many readings that takes says how far away the step
 * was. Work that is timed from step to step by readings alone would be wrong by up to a step, and for work that always takes
 * the same always by the same.
 */
export class EdgeTimer {
  private readonly clock: Clock;
  /** What a reading takes. */
  private readonly readingNs: number;

  constructor(clock: Clock) {
    this.clock = clock;
    const readingsNs = Array.from({ length: CALIBRATIONS }, () => {
      const fromNs = this.nextStep().ns;
      const { ns, readings } = this.nextStep();
      return (ns - fromNs) / readings;
    });
    this.readingNs = summarizeSamples(readingsNs).median;
  }

  /** How long some work takes, ns. */
  timeNs(work: () => void): number {
    const startNs = this.nextStep().ns;
    work();
    const { ns, readings } = this.nextStep();
    return ns - startNs - readings * this.readingNs;
  }

  /** Waits for the clock's next step. */
  private nextStep(): { ns: number; readings: number } {
    const before = this.clock.nowNs();
    for (let readings = 1; readings < MOST_READINGS; readings++) {
      const ns = this.clock.nowNs();
      if (ns !== before) return { ns, readings };
    }
    return { ns: before, readings: 0 };
  }
}
