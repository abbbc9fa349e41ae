import { describe, expect, it } from 'vitest';
import { Random } from '../../../src/core/random.ts';
import {
  type Calibration,
  calibratedRange,
  chooseRescale,
  quantizationError,
  rangeToFormat,
} from '../../../src/quant/calibration.ts';
import { rescaleElement } from '../../../src/quant/reference/tensors.ts';
import { weightRange } from '../../../src/quant/scheme.ts';
import { TensorStatistics } from '../../../src/quant/statistics.ts';
import { quantizeWeights } from '../../../src/quant/weights.ts';

function observed(values: Float32Array): TensorStatistics {
  const statistics = new TensorStatistics();
  statistics.observeRange(values);
  statistics.observeHistogram(values);
  return statistics;
}

function calibration(method: Calibration['method'], values: Float32Array): Calibration {
  return { method, dataset: 'none', samples: 1, seed: 1, statistics: new Map([['t', observed(values)]]) };
}

/** A bell of 20,000 values with one far outlier. */
function bellWithOutlier(): Float32Array {
  const random = new Random(11);
  const bell = Array.from({ length: 20_000 }, () => {
    let sum = 0;
    for (let i = 0; i < 12; i++) sum += random.real();
    return sum - 6;
  });
  return Float32Array.from([...bell, 40]);
}

describe('calibration', () => {
  it('by min/max covers everything seen, and zero', () => {
    expect(calibratedRange(calibration('minmax', Float32Array.of(2, 5)), 't', 8)).toEqual({ low: 0, high: 5 });
    expect(calibratedRange(calibration('minmax', Float32Array.of(-3, -1)), 't', 8)).toEqual({ low: -3, high: 0 });
  });

  it('by percentile leaves out a lone outlier', () => {
    const { low, high } = calibratedRange(calibration('percentile', bellWithOutlier()), 't', 8);
    expect(high).toBeLessThan(5);
    expect(high).toBeGreaterThan(2.5);
    expect(low).toBeGreaterThan(-5);
  });

  it('by squared error clips more the fewer the bits, and never errs more than min/max', () => {
    const values = bellWithOutlier();
    const statistics = observed(values);
    const range = (method: Calibration['method'], bits: number) =>
      calibratedRange(calibration(method, values), 't', bits);
    expect(range('mse', 2).high).toBeLessThan(range('mse', 8).high);
    for (const bits of [2, 3, 4, 8]) {
      const error = (method: Calibration['method']) =>
        quantizationError(statistics, rangeToFormat(range(method, bits), bits));
      expect(error('mse')).toBeLessThanOrEqual(error('minmax'));
    }
  });

  it('refuses a tensor it never saw', () => {
    expect(() => calibratedRange(calibration('mse', Float32Array.of(1)), 'other', 8)).toThrowError(
      'Tensor "other" has no finite range',
    );
  });
});

describe('rescaling a shared tensor', () => {
  it('stays within 16-bit lanes and close to the exact quotient for every width and range', () => {
    const random = new Random(5);
    for (let trial = 0; trial < 500; trial++) {
      const bits = 1 + random.below(7);
      const shared = rangeToFormat({ low: -random.real(), high: 0.1 + random.real() }, 8);
      const factor = 0.2 + 0.8 * random.real();
      const range = {
        low: -shared.zeroPoint * shared.scale * factor,
        high: (255 - shared.zeroPoint) * shared.scale * factor,
      };
      const { rescale, scale } = chooseRescale(shared, range, bits);
      expect(255 * rescale.multiplier + 2 ** (rescale.shift - 1)).toBeLessThanOrEqual(32767);
      expect(scale).toBeCloseTo((shared.scale * 2 ** rescale.shift) / rescale.multiplier, 12);
      for (const q8 of [0, shared.zeroPoint, 255, random.below(256)]) {
        const real = (q8 - shared.zeroPoint) * shared.scale;
        const read = (rescaleElement(q8, shared.zeroPoint, rescale) - rescale.zeroPoint) * scale;
        const [least, most] = [-rescale.zeroPoint * scale, (2 ** bits - 1 - rescale.zeroPoint) * scale];
        expect(Math.abs(read - Math.min(Math.max(real, least), most))).toBeLessThanOrEqual(scale * 0.5001);
      }
    }
  });
});

describe('weight quantization', () => {
  it('keeps to each width’s own integers and errs less with more bits', () => {
    const random = new Random(2);
    const kernel = Float32Array.from({ length: 16 * 144 }, () => random.real() + random.real() + random.real() - 1.5);
    let last = Number.POSITIVE_INFINITY;
    for (let bits = 1; bits <= 8; bits++) {
      const { values, noiseToSignal } = quantizeWeights(kernel, 16, bits);
      const { low, high } = weightRange(bits);
      expect(Math.min(...values)).toBeGreaterThanOrEqual(low);
      expect(Math.max(...values)).toBeLessThanOrEqual(high);
      if (bits === 1) expect(values.includes(0)).toBe(false);
      expect(noiseToSignal).toBeLessThan(last);
      last = noiseToSignal;
    }
  });

  it('survives channels of zeros', () => {
    const { values, scales, noiseToSignal } = quantizeWeights(new Float32Array(8), 2, 4);
    expect([...values, ...scales, noiseToSignal]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0]);
  });
});
