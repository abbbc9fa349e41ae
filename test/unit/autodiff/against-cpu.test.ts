import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Autodiff, Tensor } from '../../../src/autodiff/index.ts';
import { autodiffForTests, randomValues } from './autodiff-fixture.ts';

type Operation = (autodiff: Autodiff, ...inputs: Tensor[]) => Tensor;

interface Case {
  title: string;
  shapes: number[][];
  /** Ours, on the wasm backend. */
  ours: Operation;
  /** The same in tfjs's own operations, on its cpu backend. */
  theirs: Operation;
}

const SAME = [1, 1, 1, 1] as const;
type Tensor4 = ReturnType<Autodiff['tf']['tensor4d']>;

const CASES: Case[] = [
  ...[1, 2].map(
    (stride): Case => ({
      title: `convolution, stride ${stride}`,
      shapes: [
        [2, 7, 6, 5],
        [3, 3, 5, 6],
      ],
      ours: (autodiff, x, w) => autodiff.convolution(x, w, [stride, stride], SAME),
      theirs: ({ tf }, x, w) => tf.conv2d(x as Tensor4, w as Tensor4, stride, 1),
    }),
  ),
  ...[
    [1, 1],
    [2, 1],
    [1, 3],
    [2, 2],
  ].map(
    ([stride, multiplier]): Case => ({
      title: `depthwise convolution, stride ${stride}, multiplier ${multiplier}`,
      shapes: [
        [2, 7, 6, 5],
        [3, 3, 5, multiplier],
      ],
      ours: (autodiff, x, w) => autodiff.depthwise(x, w, [stride, stride], SAME),
      theirs: ({ tf }, x, w) => tf.depthwiseConv2d(x as Tensor4, w as Tensor4, stride, 1),
    }),
  ),
  ...[false, true].map(
    (relu): Case => ({
      title: `batch norm ${relu ? 'with' : 'without'} ReLU`,
      shapes: [[3, 4, 5, 6], [6], [6]],
      ours: (autodiff, x, gamma, beta) => autodiff.batchNorm(x, gamma, beta, { epsilon: 1e-3, relu }).y,
      theirs: ({ tf }, x, gamma, beta) => {
        const { mean, variance } = tf.moments(x, [0, 1, 2]);
        const y = x.sub(mean).div(variance.add(1e-3).sqrt()).mul(gamma).add(beta);
        return relu ? y.relu() : y;
      },
    }),
  ),
  ...(['relu', 'relu6'] as const).map(
    (kind): Case => ({
      title: kind,
      shapes: [[3, 50]],
      ours: (autodiff, x) => autodiff.activation(x.mul(9), kind),
      theirs: ({ tf }, x) => tf[kind](x.mul(9)),
    }),
  ),
  {
    title: 'bias',
    shapes: [[2, 3, 4, 5], [5]],
    ours: (autodiff, x, bias) => autodiff.addBias(x, bias),
    theirs: (_, x, bias) => x.add(bias),
  },
  {
    title: 'cross-entropy',
    shapes: [[6, 7]],
    ours: (autodiff, x) => autodiff.crossEntropy(x, oneHot(autodiff, 6, 7)),
    theirs: ({ tf }, x) => tf.losses.softmaxCrossEntropy(oneHot({ tf } as Autodiff, 6, 7), x) as Tensor,
  },
];

function oneHot({ tf }: Autodiff, rows: number, classes: number): Tensor {
  return tf.tensor(
    Float32Array.from({ length: rows * classes }, (_, at) => (at % classes === Math.floor(at / classes) ? 1 : 0)),
    [rows, classes],
  );
}

let autodiff: Autodiff;
beforeAll(async () => {
  autodiff = await autodiffForTests();
});
afterEach(async () => {
  await autodiff.tf.setBackend('wasm');
});

/** The values of an operation and its gradients for all inputs, on one backend. */
async function differentiate(backend: 'wasm' | 'cpu', operation: Operation, shapes: number[][]) {
  const { tf } = autodiff;
  await tf.setBackend(backend);
  return tf.tidy(() => {
    const size = (shape: number[]) => shape.reduce((product, side) => product * side, 1);
    const inputs = shapes.map((shape, k) => tf.tensor(randomValues(k + 1, size(shape)), shape));
    const output = operation(autodiff, ...inputs);
    const weighing = tf.tensor(randomValues(9, output.size), output.shape);
    const gradients = tf.grads((...given) =>
      operation(autodiff, ...given)
        .mul(weighing)
        .sum(),
    )(inputs);
    return [output, ...gradients].map((tensor) => tensor.dataSync() as Float32Array);
  });
}

describe('gradients beside those of tfjs on its cpu backend', () => {
  it.each(CASES)('agree: $title', async ({ ours, theirs, shapes }) => {
    const actual = await differentiate('wasm', ours, shapes);
    const expected = await differentiate('cpu', theirs, shapes);
    for (const [k, values] of expected.entries()) {
      const what = k === 0 ? 'the output' : `the gradient of input ${k}`;
      const scale = values.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-3);
      const worst = values.reduce((most, value, i) => Math.max(most, Math.abs(actual[k][i] - value)), 0);
      expect(actual[k].length, what).toBe(values.length);
      expect(worst / scale, what).toBeLessThan(1e-5);
    }
  });
});
