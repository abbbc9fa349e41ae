import type { Clock } from '../core/ports.ts';
import type { Bench } from './surroundings.ts';

/** By which share of a limited time each stage of a profile ends, so that the later ones have theirs. */
const STAGE_ENDS = { race: 0.3, warmUp: 0.4, measuring: 0.8, validation: 1 };
/** Of it, what one stage may wait for calm. */
const WAITING_SHARE = 0.25;

/** The time that a profile may take in all, and what of it is left for its stages. */
export class TimeLimit {
  private readonly clock: Clock;
  private readonly startNs: number;
  private readonly limitS: number;

  /** Begins now; without `timeMaxS` there is no end. */
  constructor(clock: Clock, timeMaxS = Number.POSITIVE_INFINITY) {
    this.clock = clock;
    this.startNs = clock.nowNs();
    this.limitS = timeMaxS;
  }

  /** Seconds until the stage is to end, at least 0; undefined where nothing is limited. */
  leftS(stage: keyof typeof STAGE_ENDS): number | undefined {
    if (this.limitS === Number.POSITIVE_INFINITY) return undefined;
    return Math.max(0, STAGE_ENDS[stage] * this.limitS - (this.clock.nowNs() - this.startNs) / 1e9);
  }

  /** Whether the stage is to end now. */
  isOver(stage: keyof typeof STAGE_ENDS): boolean {
    return this.leftS(stage) === 0;
  }
}

/** Begins a limited time on a bench: it waits for calm no longer than a share of it in each stage. */
export function limitTime({ clock, reference }: Pick<Bench, 'clock' | 'reference'>, timeMaxS?: number): TimeLimit {
  if (timeMaxS !== undefined) reference.waitAtMost(WAITING_SHARE * timeMaxS * 1e3);
  return new TimeLimit(clock, timeMaxS);
}
