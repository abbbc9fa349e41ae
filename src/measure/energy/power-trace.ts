/** One reading of a meter: joules so far, or watts, at a time. */
export interface MeterReading {
  timeNs: number;
  value: number;
}

/** Readings of power that a stretch of time must hold for its mean to count. */
const LEAST_READINGS = 3;

/** A meter's readings over time. */
export class PowerTrace {
  private readonly timesNs: number[] = [];
  /** For a counter the readings themselves, else their running sum. */
  private readonly sums: number[] = [];
  private readonly quantity: 'energy' | 'power';

  constructor(quantity: 'energy' | 'power') {
    this.quantity = quantity;
  }

  get length(): number {
    return this.timesNs.length;
  }

  get endNs(): number {
    return this.timesNs[this.timesNs.length - 1] ?? Number.NEGATIVE_INFINITY;
  }

  /** Adds a reading; one that is not later than the last is left out. */
  add({ timeNs, value }: MeterReading): void {
    if (timeNs <= this.endNs) return;
    const before = this.quantity === 'energy' ? 0 : (this.sums[this.sums.length - 1] ?? 0);
    this.sums.push(before + value);
    this.timesNs.push(timeNs);
  }

  /**
   * Mean power of a stretch of time, W. Of a counter: what it rose by, with straight lines between readings. Of readings of
   * power: their mean, so that nothing from outside the stretch gets in.
   *
   * @returns undefined where the readings do not reach over the stretch, or are too few in it.
   */
  meanW(fromNs: number, toNs: number): number | undefined {
    if (!(toNs > fromNs && fromNs >= this.timesNs[0] && toNs <= this.endNs)) return undefined;
    if (this.quantity === 'energy') return (this.at(toNs) - this.at(fromNs)) / ((toNs - fromNs) / 1e9);
    const [before, last] = [lastUpTo(this.timesNs, fromNs), lastUpTo(this.timesNs, toNs)];
    if (last - before < LEAST_READINGS) return undefined;
    return (this.sums[last] - this.sums[before]) / (last - before);
  }

  private at(timeNs: number): number {
    const { timesNs, sums } = this;
    const i = Math.min(lastUpTo(timesNs, timeNs), timesNs.length - 2);
    return sums[i] + ((timeNs - timesNs[i]) / (timesNs[i + 1] - timesNs[i])) * (sums[i + 1] - sums[i]);
  }
}

/**
 * Position of the last of rising times that is not after a given one, which must not be before the first.
 *
 * @example lastUpTo([1, 2, 4], 3) // => 1
 */
export function lastUpTo(times: readonly number[], time: number): number {
  let low = 0;
  let high = times.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (times[middle] <= time) low = middle;
    else high = middle;
  }
  return low;
}
