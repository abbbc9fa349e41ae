import { describe, expect, it } from 'vitest';
import { ACTIVATION_NOISE } from '../../../../src/accuracy/proxies/activation-noise.ts';
import { BN_STATISTICS } from '../../../../src/accuracy/proxies/bn-statistics.ts';
import { GRADIENT_NORM } from '../../../../src/accuracy/proxies/gradient-norm.ts';
import { ARCHITECTURE_PROXIES, BIT_PROXIES, findBitProxy } from '../../../../src/accuracy/proxies/index.ts';
import { correlationLoss } from '../../../../src/accuracy/proxies/jacobian-covariance.ts';
import { gramMatrix, linearCka } from '../../../../src/accuracy/proxies/linear-cka.ts';
import { OMPQ, orthogonalityCoefficients } from '../../../../src/accuracy/proxies/ompq.ts';
import { stepNoise } from '../../../../src/accuracy/proxies/quantization-error.ts';
import { SIGNAL_NOISE } from '../../../../src/accuracy/proxies/signal-noise.ts';
import { symmetricEigenvalues } from '../../../../src/accuracy/proxies/symmetric-eigenvalues.ts';
import { SYNFLOW } from '../../../../src/accuracy/proxies/synflow.ts';
import { schemeLoss } from '../../../../src/accuracy/proxies/types.ts';
import { WEIGHT_NOISE } from '../../../../src/accuracy/proxies/weight-noise.ts';
import { NetworkBuilder } from '../../../../src/network/builder.ts';
import { seededWeights } from '../../../../src/network/seeded-weights.ts';
import { quantizationError, rangeToFormat } from '../../../../src/quant/calibration.ts';
import { TensorStatistics } from '../../../../src/quant/statistics.ts';
import { contextOf, linearNetwork, softmaxOf, timesVector, values } from './proxy-fixture.ts';

describe('rounding noise', () => {
  it('of values spread evenly is Δ²/12, by the quantizer itself and by the formula', () => {
    const seen = new TensorStatistics();
    const uniform = Float32Array.from({ length: 100_000 }, (_, i) => i / 99_999);
    seen.observeRange(uniform);
    seen.observeHistogram(uniform);
    for (const bits of [2, 3, 4, 6]) {
      const measured = quantizationError(seen, rangeToFormat({ low: 0, high: 1 }, bits));
      expect(Math.abs(measured / stepNoise(1, bits) - 1)).toBeLessThan(0.01);
    }
  });

  it('is nothing for weights that are integers of the width, and a known ratio for others', async () => {
    const exact = linearNetwork(4, { outputs: 1, weights: Float32Array.of(7, -3, 1, 0) });
    const images = [values(1, 4), values(2, 4)];
    const table = await WEIGHT_NOISE.losses(await contextOf(exact, images), ['w4a8', 'w1a8']);
    expect(table.losses.get('d0')!.get('w4a8')).toBeCloseTo(0, 12);
    // one bit: signs times the mean magnitude 11/4
    const error = [7 - 2.75, 3 - 2.75, 1 - 2.75, 0 - 2.75].reduce((sum, e) => sum + e * e, 0);
    expect(table.losses.get('d0')!.get('w1a8')).toBeCloseTo(error / 59, 6);
  });

  it('adds up from weights and inputs, knows f32, and refuses schemes that it was not asked for', async () => {
    const weights = values(3, 12);
    const context = await contextOf(linearNetwork(4, { outputs: 3, weights }), [values(1, 4), values(2, 4)]);
    const loss = async (proxy: typeof SIGNAL_NOISE) => schemeLoss(await proxy.losses(context, ['w3a4']), ['w3a4']);
    const sum = (await loss(WEIGHT_NOISE)) + (await loss(ACTIVATION_NOISE));
    expect(await loss(SIGNAL_NOISE)).toBe(sum);
    const table = await SIGNAL_NOISE.losses(context, ['w3a4']);
    expect(schemeLoss(table, ['f32'])).toBe(0);
    expect(() => schemeLoss(table, ['w2a2'])).toThrow('The proxy was not asked for w2a2.');
  });
});

describe('linear CKA', () => {
  const features = Array.from({ length: 8 }, (_, i) => values(i + 1, 6));
  const changed = (change: (x: Float32Array) => number[]) => features.map((x) => Float32Array.from(change(x)));
  const gram = gramMatrix(features);

  it('is 1 for a layer with itself', () => expect(linearCka(gram, gram)).toBeCloseTo(1, 14));

  it.each<[string, (x: Float32Array) => number[]]>([
    ['a rotation', ([a, b, ...rest]) => [0.6 * a - 0.8 * b, 0.8 * a + 0.6 * b, ...rest]],
    ['a reflection and a permutation', (x) => [...x].reverse().map((value) => -value)],
    ['an isotropic scale', (x) => [...x].map((value) => 37 * value)],
    ['a shift', (x) => [...x].map((value, k) => value + k)],
  ])('is not changed by %s', (_, change) => {
    expect(linearCka(gram, gramMatrix(changed(change)))).toBeCloseTo(1, 5);
  });

  it('is that of the features: ‖YᵀX‖² / (‖XᵀX‖·‖YᵀY‖), less than 1 for others, 0 for those that never change', () => {
    const others = Array.from({ length: 8 }, (_, i) => values(i + 50, 3));
    const centred = (rows: Float32Array[]) =>
      rows.map((row) => Array.from(row, (v, k) => v - rows.reduce((sum, r) => sum + r[k], 0) / rows.length));
    const cross = (a: number[][], b: number[][]) => {
      let sum = 0;
      for (let i = 0; i < a[0].length; i++) {
        for (let j = 0; j < b[0].length; j++) sum += a.reduce((s, row, n) => s + row[i] * b[n][j], 0) ** 2;
      }
      return sum;
    };
    const [x, y] = [centred(features), centred(others)];
    const truth = cross(x, y) / Math.sqrt(cross(x, x) * cross(y, y));
    expect(linearCka(gram, gramMatrix(others))).toBeCloseTo(truth, 6);
    expect(truth).toBeLessThan(0.9);
    expect(linearCka(gram, gramMatrix(features.map(() => Float32Array.of(1, 2))))).toBe(0);
  });
});

describe('OMPQ', () => {
  it('gives a layer the mean of exp(−γ) from it to the end', () => {
    const first = gramMatrix([Float32Array.of(1), Float32Array.of(-1), Float32Array.of(0), Float32Array.of(0)]);
    const second = gramMatrix([Float32Array.of(0), Float32Array.of(0), Float32Array.of(1), Float32Array.of(-1)]);
    const coefficients = orthogonalityCoefficients([first, first, second]);
    const theta = [Math.exp(-1), Math.exp(-1), 1];
    expect(coefficients[0]).toBeCloseTo((theta[0] + theta[1] + theta[2]) / 3, 14);
    expect(coefficients[1]).toBeCloseTo((theta[1] + theta[2]) / 2, 14);
    expect(coefficients[2]).toBeCloseTo(1, 14);
  });

  it('takes bits of weights at that price, all layers of two that are the same alike', async () => {
    const identity = Float32Array.of(1, 0, 0, 1);
    const network = linearNetwork(2, { outputs: 2, weights: identity }, { outputs: 2, weights: identity });
    const images = Array.from({ length: 5 }, (_, i) => values(i + 1, 2));
    const { losses } = await OMPQ.losses(await contextOf(network, images), ['w8a8', 'w4a2']);
    for (const layer of ['d0', 'd1']) {
      expect(losses.get(layer)!.get('w8a8')).toBeCloseTo(24, 6);
      expect(losses.get(layer)!.get('w4a2')).toBeCloseTo(28, 6);
    }
  });
});

describe('scores of architectures', () => {
  it('synflow: of two linear layers twice the flow 1ᵀ|W₂||W₁|1', async () => {
    const [first, second] = [values(3, 12), values(4, 6)];
    const network = linearNetwork(4, { outputs: 3, weights: first }, { outputs: 2, weights: second });
    const context = await contextOf(network, [values(1, 4)]);
    const hidden = timesVector(first.map(Math.abs), [1, 1, 1, 1]);
    const flow = timesVector(second.map(Math.abs), hidden).reduce((a, b) => a + b, 0);
    expect(await SYNFLOW.loss(context, network)).toBeCloseTo(-Math.log(2 * flow), 5);
  });

  it('gradient norm: of softmax regression ‖mean (p − y)·xᵀ‖', async () => {
    const weights = values(9, 12);
    const images = [values(1, 4), values(2, 4), values(3, 4)];
    const labels = [2, 0, 1];
    const context = await contextOf(linearNetwork(4, { outputs: 3, weights }), images, labels);
    let squares = 0;
    for (let c = 0; c < 3; c++) {
      for (let k = 0; k < 4; k++) {
        const terms = images.map((x, i) => (softmaxOf(weights, x)[c] - (labels[i] === c ? 1 : 0)) * x[k]);
        squares += (terms.reduce((a, b) => a + b, 0) / images.length) ** 2;
      }
    }
    expect(await GRADIENT_NORM.loss(context, context.network)).toBeCloseTo(Math.sqrt(squares), 6);
  });

  it('jacobian covariance: least for gradients that have nothing in common, large for equal ones', () => {
    const apart = [Float32Array.of(1, -1, 0, 0), Float32Array.of(0, 0, 1, -1)];
    expect(correlationLoss(apart)).toBeCloseTo(2 * (Math.log(1 + 1e-5) + 1 / (1 + 1e-5)), 9);
    const equal = correlationLoss([apart[0], apart[0]]);
    expect(equal).toBeCloseTo(Math.log(2 + 1e-5) + 1 / (2 + 1e-5) + Math.log(1e-5) + 1e5, 3);
  });

  it('eigenvalues: of a matrix built from known ones, and of a matrix of ones', () => {
    const n = 12;
    const direction = values(7, n);
    const length = Math.sqrt(direction.reduce((sum, value) => sum + value * value, 0));
    const unit = Array.from(direction, (value) => value / length);
    // I + 3·u·uᵀ has the eigenvalues 1 (eleven times) and 4
    const matrix = Float64Array.from({ length: n * n }, (_, at) => {
      const [i, j] = [Math.floor(at / n), at % n];
      return (i === j ? 1 : 0) + 3 * unit[i] * unit[j];
    });
    const found = symmetricEigenvalues(matrix, n);
    for (const value of found.slice(0, -1)) expect(value).toBeCloseTo(1, 12);
    expect(found[n - 1]).toBeCloseTo(4, 12);
    expect(symmetricEigenvalues(new Float64Array(9).fill(1), 3)[2]).toBeCloseTo(3, 12);
  });

  it('batch-norm statistics: nothing where the channels are as stored, δ²/γ² where a mean is off by δ', async () => {
    const builder = new NetworkBuilder('normed', [4, 4, 2], { mean: [0, 0], std: [1, 1] });
    builder.convolution('conv', 3, { kernel: 1, padding: 0 }).batchNorm('norm', 0).activation('relu', 'relu');
    const network = seededWeights(builder.globalAveragePool('pool').dense('d', 2).build(), 5);
    const images = Array.from({ length: 8 }, (_, i) => values(i + 1, 32));
    const kernel = network.weights.get('conv.kernel')!;
    const outputs: number[][] = [[], [], []];
    for (const image of images) {
      for (let at = 0; at < 32; at += 2) {
        for (const [c, own] of outputs.entries()) {
          own.push(kernel[2 * c] * image[at] + kernel[2 * c + 1] * image[at + 1]);
        }
      }
    }
    const means = outputs.map((own) => own.reduce((a, b) => a + b, 0) / own.length);
    const variances = outputs.map((own, c) => own.reduce((s, v) => s + (v - means[c]) ** 2, 0) / own.length);
    network.weights.set('norm.mean', Float32Array.from(means));
    network.weights.set('norm.variance', Float32Array.from(variances));
    const context = await contextOf(network, images);
    expect(await BN_STATISTICS.loss(context, network)).toBeLessThan(1e-9);
    const moved = new Map(network.weights).set(
      'norm.mean',
      Float32Array.from(means, (m, c) => m + Math.sqrt(variances[c]) / 2),
    );
    expect(await BN_STATISTICS.loss(context, { ...network, weights: moved })).toBeCloseTo(0.25, 5);
    const linear = linearNetwork(2, { outputs: 2, weights: values(1, 4) });
    await expect(BN_STATISTICS.loss(context, linear)).rejects.toThrow('"linear" has no batch norm.');
  });
});

describe('the lists of proxies', () => {
  it('name each once, with its paper, and guess what a mistyped name means', () => {
    const names = [...BIT_PROXIES, ...ARCHITECTURE_PROXIES].map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const { paper } of [...BIT_PROXIES, ...ARCHITECTURE_PROXIES]) expect(paper).toMatch(/20\d\d/);
    expect(() => findBitProxy('hawq')).toThrow('Unknown proxy "hawq".');
    expect(() => findBitProxy('hawk-v3')).toThrow(
      expect.objectContaining({ remedy: expect.stringMatching(/hawq-v3\?/) }),
    );
  });
});
