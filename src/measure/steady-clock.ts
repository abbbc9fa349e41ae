import type { Clock, InterruptionCounter } from '../core/ports.ts';

/** How often a clock is read to see whether it resolves a reading. */
const READINGS = 500;
/** What a set-back counts for among interruptions: longer than anything that is timed. */
const SET_BACK_NS = 1e12;

/**
 * A clock that never goes back, made of one that may: where the other is set back, this one stands still for one reading
 * and goes on from there. One interval is then too short; medians do not mind, a negative time would spoil a whole race.
 */
export class SteadyClock implements Clock {
  /** How often the clock was set back. */
  setBacks = 0;
  private readonly clock: Clock;
  private lastNs: number;
  private aheadNs = 0;

  constructor(clock: Clock) {
    this.clock = clock;
    this.lastNs = clock.nowNs();
  }

  nowNs(): number {
    const now = this.clock.nowNs();
    if (now < this.lastNs) {
      this.aheadNs += this.lastNs - now;
      this.setBacks++;
    }
    this.lastNs = now;
    return now + this.aheadNs;
  }

  /** Counts set-backs among the interruptions, each a long one, so that what was timed meanwhile is dropped. */
  countedWith(interruptions: InterruptionCounter): InterruptionCounter {
    return {
      contextSwitches: () => interruptions.contextSwitches() + this.setBacks,
      ...(interruptions.waitedNs && { waitedNs: () => interruptions.waitedNs!() + this.setBacks * SET_BACK_NS }),
    };
  }
}

/**
 * How wrong a time may be because the clock moves in steps, ns: its step where two readings in a row can be equal, and
 * nothing where every reading is a new one, since then the step is but the time that reading takes.
 */
export function clockQuantumNs(clock: Clock, stepNs: number): number {
  let last = clock.nowNs();
  for (let reading = 0; reading < READINGS; reading++) {
    const now = clock.nowNs();
    if (now === last) return stepNs;
    last = now;
  }
  return 0;
}
