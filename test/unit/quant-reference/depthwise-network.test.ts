import { describe, expect, it } from 'vitest';
import { Random } from '../../../src/core/random.ts';
import { InputWriter } from '../../../src/engine/input.ts';
import { NetworkBuilder } from '../../../src/network/builder.ts';
import { foldNetwork } from '../../../src/network/fold.ts';
import { INPUT, type Network } from '../../../src/network/types.ts';
import type { Calibration } from '../../../src/quant/calibration.ts';
import { type QuantizedNetwork, quantizationSource, quantizeNetwork } from '../../../src/quant/quantize.ts';
import { runReference } from '../../../src/quant/reference/run.ts';
import type { Elements } from '../../../src/quant/reference/tensors.ts';
import { TensorStatistics } from '../../../src/quant/statistics.ts';
import { uniformSchemes } from '../../../src/quant/tensor-plan.ts';
import { randomWeights, runReal } from './real-graph.ts';

const PREPROCESSING = { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] };

/** An inverted residual with its addition, a stride of 2 on an odd size, groups, a depth multiplier, and holes. */
function smallNetwork(): Network {
  const builder = new NetworkBuilder('small', [9, 7, 3], PREPROCESSING);
  const finish = (name: string) => builder.batchNorm(`${name}.norm`, 1e-3).activation(`${name}.relu`, 'relu6');
  builder.convolution('stem', 8, { kernel: [4, 3], stride: 2, padding: 'same', bias: true });
  const start = finish('stem').tensor;
  builder.convolution('expand', 24, { kernel: 1, padding: 'same' });
  finish('expand').depthwise('depthwise', { kernel: 3, padding: 'same' });
  finish('depthwise').convolution('project', 8, { kernel: 1, padding: 'same' }).batchNorm('project.norm', 1e-3);
  builder.add('add', start).depthwise('holes', { kernel: 3, padding: 'same', dilation: 2 });
  finish('holes').convolution('grouped', 16, { kernel: 3, padding: 'same', groups: 4 });
  finish('grouped').convolution('multiplied', 32, { kernel: 3, stride: 2, padding: 'same', groups: 16 });
  return finish('multiplied').globalAveragePool('pool').dense('classifier', 5).build();
}

function runQuantized(network: QuantizedNetwork, input: Float32Array): Map<string, Elements> {
  const { folded, formats } = network;
  const format = formats.get(INPUT)!;
  const first = format.type === 'f32' ? new Float32Array(input.length) : new Uint8Array(input.length);
  new InputWriter(folded.inputShape, folded.preprocessing, format).write(input, first);
  const tensors = new Map<string, Elements>([[INPUT, first]]);
  for (const [i, layer] of network.layers.entries()) {
    const [x, residual] = folded.layers[i].inputs.map((name) => tensors.get(name)!);
    tensors.set(layer.name, runReference(layer, x, residual));
  }
  return tensors;
}

function calibrateByReference(folded: Network, inputs: readonly Float32Array[]): Calibration {
  const statistics = new Map([INPUT, ...folded.layers.map(({ name }) => name)].map((n) => [n, new TensorStatistics()]));
  const calibration: Calibration = { method: 'minmax', dataset: 'random', samples: inputs.length, seed: 1, statistics };
  const real = quantizeNetwork(quantizationSource(folded, calibration), uniformSchemes(folded, 'f32'));
  const seen = inputs.map((input) => runQuantized(real, input));
  for (const pass of ['observeRange', 'observeHistogram'] as const) {
    for (const tensors of seen) for (const [n, values] of tensors) statistics.get(n)![pass](values as Float32Array);
  }
  return calibration;
}

describe('a network of depthwise, grouped and dilated convolutions', () => {
  const graph = randomWeights(smallNetwork(), 3);
  const folded = foldNetwork(graph);
  const random = new Random(5);
  const inputs = Array.from({ length: 4 }, () => Float32Array.from({ length: 9 * 7 * 3 }, () => 2 * random.real() - 1));
  const source = quantizationSource(folded, calibrateByReference(folded, inputs));
  const exact = runReal(graph, inputs[0]);
  const logits = exact.get('classifier')!;

  it('folds into the layers that run', () => {
    expect(folded.layers.map(({ name }) => name)).toEqual([
      ...['stem', 'expand', 'depthwise', 'project', 'holes', 'grouped', 'multiplied', 'pool', 'classifier'],
    ]);
    expect(folded.layers[3]).toMatchObject({ activation: 'none', inputs: ['depthwise', 'stem'] });
  });

  it('gives in f32 what the layers before folding give in doubles', () => {
    const tensors = runQuantized(quantizeNetwork(source, uniformSchemes(folded, 'f32')), inputs[0]);
    const before = new Map([
      ...['stem', 'expand', 'depthwise', 'holes', 'grouped', 'multiplied'].map((n) => [n, `${n}.relu`] as const),
      ['project', 'add'] as const,
    ]);
    for (const { name } of folded.layers) {
      const expected = exact.get(before.get(name) ?? name)!;
      const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      expect(largest).toBeGreaterThan(0.1);
      for (const [i, value] of tensors.get(name)!.entries()) {
        expect(Math.abs(value - expected[i]), `${name}[${i}]`).toBeLessThan(2e-6 * largest);
      }
    }
  });

  it('loses little in w8a8, and more the fewer the bits', () => {
    const errorOf = (scheme: 'w8a8' | 'w4a8' | 'w2a2') => {
      const output = runQuantized(quantizeNetwork(source, uniformSchemes(folded, scheme)), inputs[0]).get(
        'classifier',
      )!;
      const power = (values: ArrayLike<number>) => Array.from(values).reduce((sum, value) => sum + value * value, 0);
      return power(Array.from(logits, (logit, c) => output[c] - logit)) / power(logits);
    };
    expect(errorOf('w8a8')).toBeLessThan(1e-3);
    expect(errorOf('w4a8')).toBeGreaterThan(errorOf('w8a8'));
    expect(errorOf('w2a2')).toBeGreaterThan(errorOf('w4a8'));
  });

  it('gives every channel of a depthwise layer its own scale', () => {
    const network = quantizeNetwork(source, uniformSchemes(folded, 'w8a8'));
    const { multiplier, weights } = network.layers.find(({ name }) => name === 'depthwise')!;
    expect(new Set(multiplier).size).toBe(24);
    for (let channel = 0; channel < 24; channel++) {
      const taps = Array.from(weights!.subarray(9 * channel, 9 * channel + 9), Math.abs);
      expect(Math.max(...taps)).toBe(127);
    }
  });

  it('never lets a ReLU6 tensor stand for more than 6', () => {
    const network = quantizeNetwork(source, uniformSchemes(folded, 'w4a4'));
    for (const layer of network.layers) {
      if (layer.workload.activation !== 'relu6' || layer.output.type !== 'u8') continue;
      const { scale, zeroPoint } = layer.output;
      expect((layer.clampHigh - zeroPoint) * scale).toBeLessThanOrEqual(6 + scale / 2);
      expect(layer.clampLow).toBe(zeroPoint);
    }
  });
});
