import { describe, expect, it } from 'vitest';
import { realInputs } from '../../../../src/accuracy/proxies/differentiable.ts';
import { fisherInformation } from '../../../../src/accuracy/proxies/fisher.ts';
import { FISHER_NOISE } from '../../../../src/accuracy/proxies/fisher-noise.ts';
import { FIT } from '../../../../src/accuracy/proxies/fit.ts';
import { HAWQ_V3, hessianTraces } from '../../../../src/accuracy/proxies/hawq-v3.ts';
import { crossEntropySeed, softmaxRows } from '../../../../src/accuracy/proxies/seeds.ts';
import { logitGradients } from '../../../../src/autodiff/gradients.ts';
import { TrainableModel } from '../../../../src/autodiff/model.ts';
import { NetworkBuilder } from '../../../../src/network/builder.ts';
import { seededWeights } from '../../../../src/network/seeded-weights.ts';
import { autodiffForTests } from '../../autodiff/autodiff-fixture.ts';
import { contextOf, linearNetwork, softmaxOf, timesVector, values } from './proxy-fixture.ts';

const INPUTS = 5;
const CLASSES = 3;
const HIDDEN = 4;
const images = Array.from({ length: 6 }, (_, i) => values(i + 1, INPUTS));
const labels = [0, 1, 2, 0, 1, 2];
const squares = (x: ArrayLike<number>) => Array.from(x).reduce((sum, value) => sum + value * value, 0);
const mean = (numbers: number[]) => numbers.reduce((a, b) => a + b, 0) / numbers.length;

describe('the Hessian of a linear network', () => {
  it('has the trace of its closed form: mean of Tr(S)·‖x‖² for softmax regression', async () => {
    const weights = values(9, CLASSES * INPUTS);
    const context = await contextOf(linearNetwork(INPUTS, { outputs: CLASSES, weights }), images);
    const truth = mean(images.map((x) => (1 - squares(softmaxOf(weights, x))) * squares(x)));
    const traces = await hessianTraces(context, 300);
    expect(Math.abs(traces.get('d0')! / truth - 1)).toBeLessThan(0.04);
  });

  it('has that of two layers as well: Tr(W₂ᵀSW₂)·‖x‖² before and Tr(S)·‖W₁x‖² behind', async () => {
    const first = values(3, HIDDEN * INPUTS);
    const second = values(4, CLASSES * HIDDEN);
    const network = linearNetwork(INPUTS, { outputs: HIDDEN, weights: first }, { outputs: CLASSES, weights: second });
    // estimates over one image scatter least
    const one = images.slice(0, 1);
    const traces = await hessianTraces(await contextOf(network, one), 400);
    const truth = one.map((x) => {
      const hidden = timesVector(first, x);
      const p = softmaxOf(second, hidden);
      let through = 0;
      for (let h = 0; h < HIDDEN; h++) {
        const column = p.map((_, c) => second[c * HIDDEN + h]);
        const along = column.reduce((sum, value, c) => sum + p[c] * value, 0);
        through += column.reduce((sum, value, c) => sum + p[c] * value * value, 0) - along * along;
      }
      return { before: through * squares(x), behind: (1 - squares(p)) * squares(hidden) };
    });
    expect(Math.abs(traces.get('d0')! / mean(truth.map(({ before }) => before)) - 1)).toBeLessThan(0.04);
    expect(Math.abs(traces.get('d1')! / mean(truth.map(({ behind }) => behind)) - 1)).toBeLessThan(0.04);
  });
});

describe('the Hessian of a network of ReLUs', () => {
  it('is what small differences of gradients say, residual additions included', async () => {
    const builder = new NetworkBuilder('small', [4, 4, 2], { mean: [0, 0], std: [1, 1] });
    builder.convolution('a', 3, { kernel: 3, padding: 'same', bias: true }).activation('a.relu', 'relu');
    const start = builder.tensor;
    builder.convolution('b', 3, { kernel: 1, padding: 0, bias: true }).add('add', start).activation('b.relu', 'relu');
    const network = seededWeights(builder.globalAveragePool('pool').dense('d', CLASSES).build(), 5);
    const inputs = [values(20, 32)];
    const context = await contextOf(network, inputs);
    const { folded } = context.source;
    const autodiff = await autodiffForTests();
    const batch = realInputs(folded, inputs);
    const gradientAt = (layer: string, at: number, step: number) => {
      const kernel = folded.weights.get(`${layer}.kernel`)!.slice();
      kernel[at] += step;
      const moved = { ...folded, weights: new Map(folded.weights).set(`${layer}.kernel`, kernel) };
      const model = new TrainableModel(autodiff, moved);
      const seedOf = (logits: Float32Array, classes: number) => crossEntropySeed(logits, classes, [0]);
      const gradient = logitGradients(model, batch, inputs.length, seedOf).weights.get(layer)!;
      model.dispose();
      return gradient;
    };
    const traces = await hessianTraces(context, 300);
    for (const [layer, outChannels] of [
      ['b', 3],
      ['d', CLASSES],
    ] as const) {
      const { length } = folded.weights.get(`${layer}.kernel`)!;
      const perChannel = length / outChannels;
      let trace = 0;
      for (let at = 0; at < length; at++) {
        const turned = (at % perChannel) * outChannels + Math.floor(at / perChannel);
        const [up, down] = [1e-3, -1e-3].map((step) => gradientAt(layer, at, step)[turned]);
        trace += (up - down) / 2e-3;
      }
      expect(Math.abs(traces.get(layer)! / trace - 1)).toBeLessThan(0.05);
    }
  });
});

describe('the Fisher information of softmax regression', () => {
  const weights = values(9, CLASSES * INPUTS);
  const residual = (i: number) => softmaxOf(weights, images[i]).map((p, c) => p - (labels[i] === c ? 1 : 0));

  it('is mean (p − y)²·x² for the weights and mean ‖Wᵀ(p − y)‖² for the inputs', async () => {
    const context = await contextOf(linearNetwork(INPUTS, { outputs: CLASSES, weights }), images, labels);
    const { weights: fisher, inputTrace } = (await fisherInformation(context)).get('d0')!;
    for (let c = 0; c < CLASSES; c++) {
      for (let k = 0; k < INPUTS; k++) {
        const truth = mean(images.map((x, i) => residual(i)[c] ** 2 * x[k] ** 2));
        expect(fisher[c * INPUTS + k] / truth).toBeCloseTo(1, 4);
      }
    }
    const transposed = (i: number) =>
      Array.from({ length: INPUTS }, (_, k) => residual(i).reduce((sum, r, c) => sum + r * weights[c * INPUTS + k], 0));
    expect(inputTrace / mean(images.map((_, i) => squares(transposed(i))))).toBeCloseTo(1, 4);
  });

  it('makes FIT Tr·Δ²/12, with a step of each channel for weights and of all values for inputs', async () => {
    const context = await contextOf(linearNetwork(INPUTS, { outputs: CLASSES, weights }), images, labels);
    const { weights: fisher, inputTrace } = (await fisherInformation(context)).get('d0')!;
    const rangeOf = (all: ArrayLike<number>) => Math.max(...Array.from(all)) - Math.min(...Array.from(all));
    const all = images.flatMap((image) => [...image]);
    let truth = (inputTrace * (rangeOf(all) / 15) ** 2) / 12;
    for (let c = 0; c < CLASSES; c++) {
      const own = Array.from(weights.subarray(c * INPUTS, (c + 1) * INPUTS));
      const range = Math.max(0, ...own) - Math.min(0, ...own);
      const trace = fisher.subarray(c * INPUTS, (c + 1) * INPUTS).reduce((a, b) => a + b, 0);
      truth += (trace * (range / 3) ** 2) / 12;
    }
    const { losses } = await FIT.losses(context, ['w2a4']);
    expect(losses.get('d0')!.get('w2a4')! / truth).toBeCloseTo(1, 5);
    expect(losses.get('d0')!.get('f32')).toBe(0);
  });

  it('without labels is in expectation what the labels are drawn for: its trace is that of the Hessian', async () => {
    const many = Array.from({ length: 64 }, (_, i) => values(100 + i, INPUTS));
    const context = await contextOf(linearNetwork(INPUTS, { outputs: CLASSES, weights }), many);
    const { weights: fisher } = (await fisherInformation(context)).get('d0')!;
    const truth = mean(many.map((x) => (1 - squares(softmaxOf(weights, x))) * squares(x)));
    expect(Math.abs(fisher.reduce((a, b) => a + b, 0) / truth - 1)).toBeLessThan(0.15);
  });
});

describe('tables from gradients', () => {
  it('lose less with more bits, and HAWQ-V3 nothing to activations', async () => {
    const weights = values(9, CLASSES * INPUTS);
    const context = await contextOf(linearNetwork(INPUTS, { outputs: CLASSES, weights }), images, labels);
    for (const proxy of [FIT, FISHER_NOISE, HAWQ_V3]) {
      const row = (await proxy.losses(context, ['w8a8', 'w4a8', 'w4a4', 'w2a2'])).losses.get('d0')!;
      expect(row.get('w8a8')).toBeLessThan(row.get('w4a8')!);
      expect(row.get('w4a4')).toBeLessThan(row.get('w2a2')!);
      if (proxy === HAWQ_V3) expect(row.get('w4a4')).toBe(row.get('w4a8'));
      else expect(row.get('w4a8')).toBeLessThan(row.get('w4a4')!);
    }
  });

  it('ask for what they need, in words', async () => {
    const weights = values(9, CLASSES * INPUTS);
    const context = await contextOf(linearNetwork(INPUTS, { outputs: CLASSES, weights }), images);
    const { gradients: _, ...without } = context;
    await expect(FIT.losses(without, ['w4a4'])).rejects.toThrow('The proxy fit needs gradients, and there are none.');
    await expect(HAWQ_V3.losses({ ...context, images: [] }, ['w4a4'])).rejects.toThrow(/needs images/);
    const stopped = { ...context, cancellation: { aborted: true } };
    await expect(HAWQ_V3.losses(stopped, ['w4a4'])).rejects.toMatchObject({ kind: 'interrupted' });
  });

  it('say which layer has no gradient, and what to do', async () => {
    const builder = new NetworkBuilder('smooth', [2, 2, 2], { mean: [0, 0], std: [1, 1] });
    builder.convolution('a', 3, { kernel: 1, padding: 0, bias: true });
    const graph = builder.globalAveragePool('pool').dense('d', CLASSES).build();
    const smooth = { op: 'activation' as const, name: 'swish', inputs: ['a'], activation: 'hardSwish' as const };
    const layers = graph.layers.map((layer) => (layer.name === 'pool' ? { ...layer, inputs: ['swish'] } : layer));
    const network = seededWeights({ ...graph, layers: [layers[0], smooth, ...layers.slice(1)] }, 5);
    const context = await contextOf(network, [values(1, 8)]);
    await expect(HAWQ_V3.losses(context, ['w4a4'])).rejects.toMatchObject({
      kind: 'unsupported',
      message: expect.stringContaining('"swish"'),
      remedy: expect.stringContaining('without gradients'),
    });
  });

  it('begin with a softmax that is one', () => {
    const shares = softmaxRows(Float32Array.of(1, 2, 3, 100, 0, -100), 3);
    const truth = [1, 2, 3].map((x) => Math.exp(x) / (Math.exp(1) + Math.exp(2) + Math.exp(3)));
    for (const [c, share] of truth.entries()) expect(shares[c]).toBeCloseTo(share, 14);
    expect(shares[3]).toBeCloseTo(1, 14);
  });
});
