import { BitbudgetError } from '../core/errors.ts';
import type { Clock } from '../core/ports.ts';

const READINGS = 2000;
const STEPS = 50;

/**
 * The smallest step that a clock is seen to take, in nanoseconds: the least positive difference between neighbouring
 * readings, over up to 50 steps.
 *
 * @throws {BitbudgetError} `unsupported` if the clock runs backwards or never advances.
 */
export function measureClockStepNs(clock: Clock): number {
  let smallest = Number.POSITIVE_INFINITY;
  let last = clock.nowNs();
  let steps = 0;
  // a clock of 1 ms needs many readings to take one step: the bound is generous, the loop is not endless
  for (let reading = 0; reading < READINGS * READINGS && steps < STEPS; reading++) {
    const now = clock.nowNs();
    if (now < last) {
      const problem = `The clock went back by ${last - now} ns.`;
      throw new BitbudgetError('unsupported', problem, 'Measure with a monotonic clock.');
    }
    if (now > last) {
      smallest = Math.min(smallest, now - last);
      steps++;
    }
    last = now;
  }
  if (steps === 0) {
    throw new BitbudgetError('unsupported', 'The clock stands still.', 'Measure where a working clock is available.');
  }
  return smallest;
}
