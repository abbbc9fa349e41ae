import { describe, expect, it } from 'vitest';
import { outChannelsFirst, outChannelsLast } from '../../../src/autodiff/layout.ts';
import { Random } from '../../../src/core/random.ts';
import { inputBatch, inputTable, smoothedTargets } from '../../../src/train/batches.ts';
import { cosineSchedule, createOptimizer } from '../../../src/train/optimizer.ts';
import { halves } from './train-fixture.ts';

describe('the order of axes', () => {
  it('turns over and back, and puts each filter tap where tfjs looks for it', () => {
    const ohwi = Float32Array.from({ length: 24 }, (_, k) => k); // [2][12]
    const hwio = outChannelsLast(ohwi, 2);
    expect(hwio[2 * 5 + 1]).toBe(12 + 5);
    expect([...outChannelsFirst(hwio, 2)]).toEqual([...ohwi]);
  });
});

describe('the optimizers', () => {
  it.each(['sgd', 'adam'] as const)('%s finds the bottom of a parabola', (kind) => {
    const step = createOptimizer({ kind, weightDecay: 0, momentum: 0.9 });
    const values = Float32Array.of(5, -3);
    for (let k = 0; k < 400; k++) {
      const slope = values.map((value, axis) => 2 * (value - axis));
      step('x', values, slope, cosineSchedule(k, 400, 0.1));
    }
    expect(values[0]).toBeCloseTo(0, 2);
    expect(values[1]).toBeCloseTo(1, 2);
  });

  it('decay kernels and nothing else', () => {
    for (const kind of ['sgd', 'adam'] as const) {
      const step = createOptimizer({ kind, weightDecay: 0.5, momentum: 0 });
      const [kernel, bias] = [Float32Array.of(1), Float32Array.of(1)];
      step('a.kernel', kernel, Float32Array.of(0), 0.1);
      step('a.bias', bias, Float32Array.of(0), 0.1);
      expect(kernel[0]).toBeCloseTo(0.95, 6);
      expect(bias[0]).toBe(1);
    }
  });
});

describe('the schedule', () => {
  it('rises to its peak and falls to zero without a jump', () => {
    const rates = Array.from({ length: 201 }, (_, step) => cosineSchedule(step, 200, 1));
    expect(Math.max(...rates)).toBe(1);
    expect(rates[200]).toBeCloseTo(0, 12);
    for (let k = 1; k < rates.length; k++) expect(Math.abs(rates[k] - rates[k - 1])).toBeLessThan(0.11);
  });
});

describe('input batches', () => {
  const dataset = halves('train', 8, 1);
  const table = inputTable({ mean: [0, 0.5, 1], std: [1, 0.5, 0.25] });

  it('normalise each channel by its own mean and deviation', () => {
    const { values, labels } = inputBatch(dataset, [3], table);
    const pixels = dataset.pixels(3);
    expect(labels[0]).toBe(1);
    expect(values[0]).toBeCloseTo(pixels[0] / 255, 6);
    expect(values[4]).toBeCloseTo((pixels[4] / 255 - 0.5) / 0.5, 6);
    expect(values[191]).toBeCloseTo((pixels[191] / 255 - 1) / 0.25, 6);
  });

  it('moved and mirrored hold the same pixels elsewhere, and zeros', () => {
    const random = new Random(5);
    const plain = new Set(inputBatch(dataset, [0], table).values);
    let moved = 0;
    for (let k = 0; k < 20; k++) {
      const { values } = inputBatch(dataset, [0], table, 'flip-shift', random);
      if (values.some((value, at) => value !== inputBatch(dataset, [0], table).values[at])) moved++;
      expect(values.every((value) => value === 0 || plain.has(value))).toBe(true);
      expect(values.filter((value) => value !== 0).length).toBeGreaterThanOrEqual(6 * 6 * 3 - 5);
    }
    expect(moved).toBeGreaterThan(15);
  });

  it('spread the smoothing over all classes', () => {
    const targets = smoothedTargets(Uint8Array.of(2, 0), 4, 0.2);
    expect([...targets].map((value) => Math.round(value * 100))).toEqual([5, 5, 85, 5, 85, 5, 5, 5]);
  });
});
