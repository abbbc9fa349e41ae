import { assert } from '../core/errors.ts';

/** Enough bins that an 8-bit step spans eight of them. */
const BINS = 2048;

/**
 * What calibration saw of one tensor: its range, and a histogram over that range. Two passes over the same images, so
 * that the result does not depend on the order of values; only +, −, ×, ÷ and floor, so it is the same on every engine.
 */
export class TensorStatistics {
  minimum = Infinity;
  maximum = -Infinity;
  readonly counts = new Float64Array(BINS);
  private binsPerUnit = 0;

  /** First pass: widens the range. */
  observeRange(values: Float32Array): void {
    let { minimum, maximum } = this;
    for (let i = 0; i < values.length; i++) {
      const value = values[i];
      if (value < minimum) minimum = value;
      if (value > maximum) maximum = value;
    }
    this.minimum = minimum;
    this.maximum = maximum;
  }

  /** Second pass: counts into bins of equal width between the minimum and the maximum of the first pass. */
  observeHistogram(values: Float32Array): void {
    assert(this.minimum <= this.maximum, 'histogram observed before the range');
    const width = this.maximum - this.minimum;
    this.binsPerUnit = width > 0 ? BINS / width : 0;
    const { counts, minimum, binsPerUnit } = this;
    for (let i = 0; i < values.length; i++) {
      const bin = Math.floor((values[i] - minimum) * binsPerUnit);
      counts[bin >= BINS ? BINS - 1 : bin]++;
    }
  }

  /** The middle of a bin, in the tensor's own units. */
  binCentre(bin: number): number {
    return this.minimum + ((bin + 0.5) * (this.maximum - this.minimum)) / BINS;
  }

  /** The mean of the squared values, from the histogram. */
  meanSquare(): number {
    let sum = 0;
    let total = 0;
    for (let bin = 0; bin < BINS; bin++) {
      sum += this.counts[bin] * this.binCentre(bin) ** 2;
      total += this.counts[bin];
    }
    return total > 0 ? sum / total : 0;
  }
}
