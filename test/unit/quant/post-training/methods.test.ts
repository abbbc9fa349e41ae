import { describe, expect, it } from 'vitest';
import { Random } from '../../../../src/core/random.ts';
import { foldNetwork } from '../../../../src/network/fold.ts';
import { seededWeights } from '../../../../src/network/seeded-weights.ts';
import type { Network } from '../../../../src/network/types.ts';
import { zooNetwork } from '../../../../src/network/zoo/index.ts';
import { roundTogether } from '../../../../src/quant/post-training/adaround.ts';
import { equaliseNetwork } from '../../../../src/quant/post-training/equalise.ts';
import { MomentSums } from '../../../../src/quant/post-training/moments.ts';
import {
  batchNormCorrection,
  biasCorrection,
  outputStatistics,
} from '../../../../src/quant/post-training/output-statistics.ts';
import { WeightQuantizer } from '../../../../src/quant/weights.ts';

/** Samples of correlated inputs, as neighbouring pixels are. */
function samples(count: number, inputs: number, seed = 1): Float64Array[] {
  const random = new Random(seed);
  return Array.from({ length: count }, () => {
    const common = random.real() * 2;
    return Float64Array.from({ length: inputs }, () => Math.max(0, common + random.real() - 0.8));
  });
}

function momentsOf(rows: readonly Float64Array[], groups = 1) {
  const sums = new MomentSums(rows[0].length / groups, groups);
  for (const row of rows) sums.add(row);
  return sums.moments();
}

const dot = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a, (v, i) => v * b[i]).reduce((x, y) => x + y, 0);

describe('moments', () => {
  it('give the mean and the variance of what a layer puts out', () => {
    const rows = samples(50, 6);
    const weights = [0.5, -1, 0.25, 2, -0.75, 0.1];
    const outputs = rows.map((row) => dot(row, weights));
    const mean = outputs.reduce((a, b) => a + b, 0) / 50;
    const variance = outputs.reduce((a, b) => a + (b - mean) ** 2, 0) / 50;
    const found = outputStatistics(weights, momentsOf(rows), 0);
    expect(found.mean).toBeCloseTo(mean, 12);
    expect(found.variance).toBeCloseTo(variance, 12);
  });

  it('are kept apart group by group', () => {
    const rows = samples(20, 6);
    const second = momentsOf(rows.map((row) => row.slice(3)));
    const both = momentsOf(rows, 2);
    expect([...both.mean.slice(3)]).toEqual([...second.mean]);
    expect([...both.products.slice(9)]).toEqual([...second.products]);
  });
});

describe('learned rounding', () => {
  it('never leaves more output error than rounding to nearest, mostly much less, and often comes near the best of all', () => {
    const random = new Random(4);
    let better = 0;
    let optimal = 0;
    for (let trial = 0; trial < 20; trial++) {
      const rows = samples(40, 8, trial + 1);
      const moments = momentsOf(rows);
      const weights = Float64Array.from({ length: 8 }, () => random.real() * 6 - 3);
      const error = (q: ArrayLike<number>) =>
        rows.reduce((sum, row) => sum + (dot(row, q) - dot(row, weights)) ** 2, 0);
      const nearest = Int8Array.from(weights, (w) => Math.round(w));
      const rounded = roundTogether({ weights, low: -3, high: 3 }, moments, 0, Int8Array.from(nearest));
      expect(error(rounded)).toBeLessThanOrEqual(error(nearest) * (1 + 1e-9));
      if (error(rounded) < 0.8 * error(nearest)) better++;
      let best = Infinity;
      for (let bits = 0; bits < 256; bits++) {
        best = Math.min(best, error(Array.from(weights, (w, i) => Math.floor(w) + ((bits >> i) & 1))));
      }
      if (error(rounded) < 3 * best) optimal++;
      for (const [i, q] of rounded.entries()) expect(Math.abs(q - weights[i])).toBeLessThan(1);
    }
    expect(better).toBeGreaterThanOrEqual(10);
    expect(optimal).toBeGreaterThanOrEqual(8);
  });

  it('stays within the range of its width, and leaves clipped and whole weights alone', () => {
    const moments = momentsOf(samples(30, 3));
    const weights = Float64Array.of(-2.6, 2, 1.6);
    const rounded = roundTogether({ weights, low: -2, high: 1 }, moments, 0, Int8Array.of(-2, 1, 1));
    expect([...rounded]).toEqual([-2, 1, 1]);
  });
});

describe('corrections', () => {
  it('bring back the mean, or the mean and the deviation, of a quantized channel', () => {
    const moments = momentsOf(samples(100, 5));
    const real = [0.4, -0.2, 0.9, 0.15, -0.6];
    const quantized = [0.5, 0, 0.5, 0, -0.5];
    const wanted = outputStatistics(real, moments, 0);
    const found = outputStatistics(quantized, moments, 0);
    expect(found.mean + biasCorrection(real, quantized, moments, 0)).toBeCloseTo(wanted.mean, 12);
    const { factor, shift } = batchNormCorrection(real, quantized, moments, 0);
    expect(factor * found.mean + shift).toBeCloseTo(wanted.mean, 12);
    expect(factor ** 2 * found.variance).toBeCloseTo(wanted.variance, 12);
    expect(batchNormCorrection(real, [0, 0, 0, 0, 0], moments, 0).factor).toBe(1);
  });

  it('reach the weights of the layers whose inputs are known, and no others', () => {
    const kernel = Float32Array.from({ length: 12 }, (_, i) => Math.fround(((i * 37) % 23) / 23 - 0.4));
    const network = {
      weights: new Map([
        ['a.kernel', kernel],
        ['b.kernel', kernel],
      ]),
    } as unknown as Network;
    const moments = new Map([['a', momentsOf(samples(60, 6))]]);
    const treated = new WeightQuantizer(network, { methods: ['adaround', 'bias'], moments });
    const plain = new WeightQuantizer(network);
    expect(treated.quantized('b', 2, 3)).toEqual(plain.quantized('b', 2, 3));
    expect(treated.quantized('a', 2, 3).values).not.toEqual(plain.quantized('a', 2, 3).values);
    expect(treated.quantized('a', 2, 3).biasShift).toHaveLength(2);
    expect([...treated.quantized('a', 2, 1).values].every((q) => Math.abs(q) === 1)).toBe(true);
  });
});

describe('cross-layer equalisation', () => {
  it('makes the ranges on both sides of a channel equal, and leaves the product of both as it was', () => {
    const folded = foldNetwork(seededWeights(zooNetwork('resnet20-a'), 3));
    const even = equaliseNetwork(folded);
    const [first, second] = ['stage1.block1.conv1', 'stage1.block1.conv2'];
    const channels = 16;
    const rangesOf = (network: Network) => {
      const writing = network.weights.get(`${first}.kernel`)!;
      const reading = network.weights.get(`${second}.kernel`)!;
      return Array.from({ length: channels }, (_, channel) => {
        const width = writing.length / channels;
        const written = writing.subarray(channel * width, (channel + 1) * width);
        const read = reading.filter((_, k) => k % channels === channel);
        const largest = (values: Float32Array) => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
        return [largest(written), largest(read)];
      });
    };
    const before = rangesOf(folded);
    for (const [channel, [written, read]] of rangesOf(even).entries()) {
      expect(written / read).toBeCloseTo(1, 4);
      expect((written * read) / (before[channel][0] * before[channel][1])).toBeCloseTo(1, 4);
    }
    expect(folded.weights.get(`${first}.kernel`)).not.toEqual(even.weights.get(`${first}.kernel`));
    expect(even.weights.get('stem.kernel')).toEqual(folded.weights.get('stem.kernel')); // a shortcut reads it too
  });
});
