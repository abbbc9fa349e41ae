import { describe, expect, it } from 'vitest';
import { type Arithmetic, matrix } from '../../../../src/accuracy/predictor/arithmetic.ts';
import { Mlp } from '../../../../src/accuracy/predictor/mlp.ts';
import { PlainArithmetic } from '../../../../src/accuracy/predictor/plain-arithmetic.ts';
import { trainMlp } from '../../../../src/accuracy/predictor/train-mlp.ts';
import { Random } from '../../../../src/core/random.ts';
import { wasm } from './predictor-fixture.ts';

const real = (random: Random) => 2 * random.real() - 1;
const PAIRS = 40;
const random = new Random(1);
const inputs = Float32Array.from({ length: 5 * PAIRS }, () => real(random));
const targets = Float64Array.from({ length: PAIRS }, (_, i) => inputs[5 * i] - inputs[5 * i + 1] * inputs[5 * i + 3]);
const rows = Array.from({ length: PAIRS }, (_, row) => row);

/** Everything that an arithmetic does, on numbers at random. */
function everything(arithmetic: Arithmetic): Float32Array[] {
  const draw = new Random(7);
  const filled = (height: number, width: number) => {
    const made = matrix(arithmetic, height, width);
    made.values.forEach((_, i) => {
      made.values[i] = real(draw);
    });
    return made;
  };
  const [a, b, c] = [filled(16, 24), filled(24, 40), filled(16, 40)];
  const product = matrix(arithmetic, 16, 40);
  arithmetic.multiply(a, b, product);
  const turned = matrix(arithmetic, 24, 40);
  arithmetic.multiply(a, c, turned, true);
  const flipped = matrix(arithmetic, 40, 24);
  arithmetic.transpose(b, flipped);
  arithmetic.addBias(product, b.values.subarray(0, 40), true);
  arithmetic.addBias(turned, b.values.subarray(0, 40), false);
  arithmetic.mask(c, product);
  const sums = arithmetic.allocate(40);
  arithmetic.sumColumns(c, sums);
  const [first, second] = [arithmetic.allocate(384), arithmetic.allocate(384)];
  const step = { rate: 0.1, decay: 0.01, firstKept: 0.9, secondKept: 0.999, firstScale: 10, secondScale: 1000 };
  const gradient = filled(16, 24);
  for (let k = 0; k < 3; k++) arithmetic.adam(a.values, gradient.values, first, second, step);
  return [product, turned, flipped, c, a].map(({ values }) => values).concat(sums, first, second);
}

describe('the arithmetic of predictors', () => {
  it('gives the same bits in WebAssembly as one number at a time', () => {
    const plain = everything(new PlainArithmetic());
    const fast = everything(wasm(1 << 18));
    const bits = (values: Float32Array) => [...new Uint32Array(values.slice().buffer)];
    expect(fast.map(bits)).toEqual(plain.map(bits));
    expect(plain.every((values) => values.some((value) => value !== 0))).toBe(true);
  });

  it('multiplies as the definition says, and steps as Adam does', () => {
    const arithmetic = wasm(1 << 16);
    const [a, b, c] = [matrix(arithmetic, 8, 8), matrix(arithmetic, 8, 8), matrix(arithmetic, 8, 8)];
    a.values.set([1, 2, 3]);
    b.values.set([4], 0);
    b.values.set([5], 8);
    b.values.set([6], 16);
    arithmetic.multiply(a, b, c);
    expect(c.values[0]).toBe(32);
    const [weights, gradient, first, second] = [1, 2, 3, 4].map(() => arithmetic.allocate(8));
    weights.fill(1);
    gradient.fill(0.5);
    const moments = { firstKept: 0.9, secondKept: 0.999, firstScale: 1 / 0.1, secondScale: 1 / 0.001 };
    arithmetic.adam(weights, gradient, first, second, { rate: 0.01, decay: 0.1, ...moments });
    expect(weights[0]).toBeCloseTo(1 - 0.01 * (1 + 0.1), 5); // the first step is the sign of the gradient
    expect(() => arithmetic.allocate(1 << 20)).toThrow('too small');
  });
});

describe('a perceptron', () => {
  it('has the gradient that differences of its loss have', () => {
    const mlp = new Mlp(new PlainArithmetic(), [5, 12, 9, 1], 40);
    mlp.initialise(new Random(3));
    mlp.differentiate(inputs, targets, rows);
    const gradient = mlp.gradient();
    const start = mlp.parameters();
    const lossWith = (layer: number, part: 'weights' | 'bias', index: number, change: number) => {
      const moved = start.map(({ weights, bias }) => ({ weights: weights.slice(), bias: bias.slice() }));
      moved[layer][part][index] += change;
      mlp.restore(moved);
      const predicted = mlp.predict(inputs, rows);
      return rows.reduce((sum, row, i) => sum + (predicted[i] - targets[row]) ** 2, 0) / rows.length;
    };
    const H = 2 ** -9;
    for (const [layer, { weights, bias }] of gradient.entries()) {
      for (const [part, values] of [['weights', weights] as const, ['bias', bias] as const]) {
        for (let index = 0; index < values.length; index += Math.ceil(values.length / 6)) {
          const difference = (lossWith(layer, part, index, H) - lossWith(layer, part, index, -H)) / (2 * H);
          expect(Math.abs(values[index] - difference)).toBeLessThan(0.01 + 0.03 * Math.abs(difference));
        }
      }
    }
    const size = Math.max(...gradient.flatMap(({ weights }) => [...weights]).map(Math.abs));
    expect(size).toBeGreaterThan(0.1); // what the bounds above are small against
  });

  it('learns, stops at its best held-out error, and gives the same bits again and on the other arithmetic', () => {
    const split = { learned: rows.slice(0, 30), heldOut: rows.slice(30) };
    const settings = { epochs: 120, patience: 30, rate: 0.01, decay: 0.01 };
    const train = (arithmetic: Arithmetic) => {
      const mlp = new Mlp(arithmetic, [5, 16, 16, 1], 16);
      mlp.initialise(new Random(3));
      const before = mlp.predict(inputs, split.heldOut);
      const error = trainMlp(mlp, { inputs, targets }, split, settings, new Random(5));
      const after = mlp.predict(inputs, split.heldOut);
      const errorOf = (predicted: Float64Array) =>
        split.heldOut.reduce((sum, row, i) => sum + (predicted[i] - targets[row]) ** 2, 0) / predicted.length;
      expect(errorOf(after)).toBeCloseTo(error, 12);
      expect(error).toBeLessThan(errorOf(before) / 3);
      return mlp.parameters();
    };
    expect(train(wasm(Mlp.bytes([5, 16, 16, 1], 16)))).toEqual(train(new PlainArithmetic()));
  });

  it('predicts the same whatever the batch, and after it was widened by inputs that it knows nothing of', () => {
    const narrow = new Mlp(new PlainArithmetic(), [5, 12, 1], 8);
    narrow.initialise(new Random(9));
    const predicted = narrow.predict(inputs, rows);
    const wide = new Mlp(new PlainArithmetic(), [8, 12, 1], 40);
    wide.restore(narrow.parameters());
    const more = Float32Array.from({ length: 8 * PAIRS }, (_, i) =>
      i % 8 < 5 ? inputs[5 * Math.floor(i / 8) + (i % 8)] : 3,
    );
    expect(wide.predict(more, rows)).toEqual(predicted);
    expect(new Set(predicted).size).toBeGreaterThan(30);
  });
});
