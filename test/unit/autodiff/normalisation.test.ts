import { beforeAll, describe, expect, it } from 'vitest';
import type { Autodiff, Tensor } from '../../../src/autodiff/index.ts';
import { autodiffForTests, randomValues } from './autodiff-fixture.ts';

let autodiff: Autodiff;
beforeAll(async () => {
  autodiff = await autodiffForTests();
});

function expectClose(actual: Tensor, expected: Tensor) {
  const [a, e] = [actual.dataSync(), expected.dataSync()];
  const scale = Math.max(...e.map(Math.abs), 1e-3);
  expect(a.length).toBe(e.length);
  for (let i = 0; i < a.length; i++) expect(Math.abs(a[i] - e[i]) / scale).toBeLessThan(1e-5);
}

describe('batch norm of the training step', () => {
  it.each([
    [[4, 3, 3, 8], false],
    [[4, 3, 3, 8], true],
    [[2, 7, 5, 6], true],
    [[70, 3], false],
    [[3, 50, 1, 1], true],
  ] as [number[], boolean][])(
    'agrees with the composition of simple operations for shape %j, ReLU %s',
    (shape, relu) => {
      const { tf } = autodiff;
      const channels = shape[shape.length - 1];
      const axes = shape.slice(0, -1).map((_, axis) => axis);
      const x = tf
        .tensor(
          randomValues(
            1,
            shape.reduce((p, s) => p * s, 1),
          ),
          shape,
        )
        .mul(3)
        .add(5) as Tensor;
      const gamma = tf.tensor(randomValues(2, channels)).add(1.5) as Tensor;
      const beta = tf.tensor(randomValues(3, channels));
      const weighing = tf.tensor(randomValues(4, x.size), shape);
      const epsilon = 1e-3;
      const composed = (a: Tensor, g: Tensor, b: Tensor) => {
        const mean = a.mean(axes);
        const variance = a.sub(mean).square().mean(axes);
        const y = a.sub(mean).div(variance.add(epsilon).sqrt()).mul(g).add(b);
        return relu ? y.relu() : y;
      };
      const ours = (a: Tensor, g: Tensor, b: Tensor) => autodiff.batchNorm(a, g, b, { epsilon, relu }).y;
      expectClose(ours(x, gamma, beta), composed(x, gamma, beta));
      const gradients = tf.grads((a, g, b) => ours(a, g, b).mul(weighing).sum())([x, gamma, beta]);
      const expected = tf.grads((a, g, b) => composed(a, g, b).mul(weighing).sum())([x, gamma, beta]);
      for (const [k, gradient] of gradients.entries()) expectClose(gradient, expected[k]);
    },
  );

  it('returns the mean and the biased variance of the batch', () => {
    const { tf } = autodiff;
    const [x, one, zero] = [tf.tensor([1, 3, 5, 7], [4, 1]), tf.tensor([1]), tf.tensor([0])];
    const { mean, variance } = autodiff.batchNorm(x, one, zero, { epsilon: 0, relu: false });
    expect([mean.dataSync()[0], variance.dataSync()[0]]).toEqual([4, 5]);
  });
});

describe('activations, biases and losses', () => {
  it.each(['relu', 'relu6'] as const)('%s passes the gradient only where it is not flat', (kind) => {
    const { tf } = autodiff;
    const x = tf.tensor([-2, -0.5, 0.5, 5, 7, 8, 1]);
    const gradient = tf.grad((a) => autodiff.activation(a, kind).mul([1, 2, 3, 4, 5, 6, 7]).sum())(x);
    const above = kind === 'relu' ? [5, 6] : [0, 0];
    expect(Array.from(gradient.dataSync())).toEqual([0, 0, 3, 4, ...above, 7]);
  });

  it('adds a bias and sums its gradient over batch, rows and columns', () => {
    const { tf } = autodiff;
    const x = tf.ones([2, 2, 2, 3]);
    const bias = tf.tensor([1, 2, 3]);
    const sum = autodiff.addBias(x, bias);
    expect(Array.from(sum.dataSync().slice(0, 3))).toEqual([2, 3, 4]);
    const gradients = tf.grads((a, b) => autodiff.addBias(a, b).mul([1, 10, 100]).sum())([x, bias]);
    expect(Array.from(gradients[1].dataSync())).toEqual([8, 80, 800]);
    expect(Array.from(gradients[0].dataSync().slice(0, 3))).toEqual([1, 10, 100]);
  });

  it('agrees with the textbook cross-entropy and its gradient', () => {
    const { tf } = autodiff;
    const logits = tf.tensor([1, 2, 3, 0, 0, 0], [2, 3]);
    const targets = tf.tensor([0, 0, 1, 0.5, 0.5, 0], [2, 3]);
    const softmax = [1, 2, 3].map((z) => Math.exp(z) / (Math.E + Math.E ** 2 + Math.E ** 3));
    const loss = autodiff.crossEntropy(logits, targets).dataSync()[0];
    expect(loss).toBeCloseTo((-Math.log(softmax[2]) + Math.log(3)) / 2, 5);
    const gradient = tf
      .grad((z) => autodiff.crossEntropy(z, targets) as Tensor)(logits)
      .dataSync();
    const expected = [...softmax.map((p, k) => (p - (k === 2 ? 1 : 0)) / 2), -1 / 12, -1 / 12, 1 / 6];
    for (const [k, value] of expected.entries()) expect(gradient[k]).toBeCloseTo(value, 5);
  });

  it('keeps no tensor over many steps', () => {
    const { tf } = autodiff;
    const x = tf.tensor(randomValues(1, 64), [4, 4, 4]);
    const [one, zero] = [tf.ones([4]), tf.zeros([4])];
    const step = () => {
      const gradients = tf.grads((a, g, b) => {
        const { y, mean, variance } = autodiff.batchNorm(a, g, b, { epsilon: 1e-3, relu: false });
        tf.dispose([mean, variance]);
        return autodiff.activation(autodiff.addBias(y, b), 'relu').sum();
      })([x, one, zero]);
      tf.dispose(gradients);
    };
    step();
    const before = tf.memory().numTensors;
    for (let k = 0; k < 20; k++) step();
    expect(tf.memory().numTensors).toBe(before);
    tf.dispose([x, one, zero]);
  });
});
