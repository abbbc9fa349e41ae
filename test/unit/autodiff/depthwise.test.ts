import { beforeAll, describe, expect, it } from 'vitest';
import type { Autodiff, Tensor } from '../../../src/autodiff/index.ts';
import { autodiffForTests, randomValues } from './autodiff-fixture.ts';

interface Case {
  title: string;
  input: [number, number, number, number];
  /** [height][width][channels][multiplier] */
  filter: [number, number, number, number];
  stride: [number, number];
  padding: [number, number, number, number];
}

const CASES: Case[] = [
  { title: 'a 3×3 window', input: [2, 8, 8, 8], filter: [3, 3, 8, 1], stride: [1, 1], padding: [1, 1, 1, 1] },
  { title: 'odd channels', input: [2, 5, 7, 7], filter: [3, 3, 7, 1], stride: [1, 1], padding: [1, 1, 1, 1] },
  {
    title: 'stride 2, padded below and right',
    input: [2, 8, 8, 6],
    filter: [3, 3, 6, 1],
    stride: [2, 2],
    padding: [0, 1, 1, 0],
  },
  { title: 'a multiplier', input: [2, 6, 5, 3], filter: [3, 3, 3, 4], stride: [1, 2], padding: [1, 1, 1, 1] },
  { title: 'one channel of many', input: [1, 6, 6, 1], filter: [2, 5, 1, 9], stride: [1, 1], padding: [0, 2, 1, 2] },
  {
    title: 'rows that no window reaches',
    input: [1, 6, 10, 4],
    filter: [3, 3, 4, 2],
    stride: [2, 3],
    padding: [0, 0, 0, 0],
  },
  {
    title: 'a stride wider than the window',
    input: [1, 9, 9, 5],
    filter: [2, 1, 5, 1],
    stride: [3, 4],
    padding: [1, 0, 2, 3],
  },
  {
    title: 'padding wider than the window needs',
    input: [1, 3, 4, 4],
    filter: [2, 5, 4, 1],
    stride: [1, 2],
    padding: [3, 2, 1, 4],
  },
  { title: 'one pixel', input: [2, 1, 1, 16], filter: [3, 3, 16, 1], stride: [1, 1], padding: [1, 1, 1, 1] },
  {
    title: 'a window that is the image',
    input: [3, 5, 4, 12],
    filter: [5, 4, 12, 1],
    stride: [1, 1],
    padding: [0, 0, 0, 0],
  },
];

const count = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1);

/** The plain sums that define a depthwise convolution and its two gradients, in double precision. */
function oracle(
  { input, filter, stride, padding }: Case,
  x: Float32Array,
  w: Float32Array,
  dy: (index: number) => number,
) {
  const [batch, height, width, channels] = input;
  const [kernelHeight, kernelWidth, , multiplier] = filter;
  const outHeight = Math.floor((height + padding[0] + padding[2] - kernelHeight) / stride[0]) + 1;
  const outWidth = Math.floor((width + padding[1] + padding[3] - kernelWidth) / stride[1]) + 1;
  const y = new Float64Array(batch * outHeight * outWidth * channels * multiplier);
  const dx = new Float64Array(x.length);
  const dw = new Float64Array(w.length);
  for (let at = 0; at < y.length; at++) {
    const out = at % (channels * multiplier);
    const ox = Math.floor(at / (channels * multiplier)) % outWidth;
    const oy = Math.floor(at / (channels * multiplier * outWidth)) % outHeight;
    const n = Math.floor(at / (channels * multiplier * outWidth * outHeight));
    for (let ky = 0; ky < kernelHeight; ky++)
      for (let kx = 0; kx < kernelWidth; kx++) {
        const iy = oy * stride[0] + ky - padding[0];
        const ix = ox * stride[1] + kx - padding[3];
        if (iy < 0 || ix < 0 || iy >= height || ix >= width) continue;
        const from = ((n * height + iy) * width + ix) * channels + Math.floor(out / multiplier);
        const tap = (ky * kernelWidth + kx) * channels * multiplier + out;
        y[at] += x[from] * w[tap];
        dx[from] += dy(at) * w[tap];
        dw[tap] += dy(at) * x[from];
      }
  }
  return { y, dx, dw };
}

function expectClose(actual: ArrayLike<number>, expected: Float64Array, what: string) {
  expect(actual.length, what).toBe(expected.length);
  const scale = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-3);
  expect(Array.from(actual).every(Number.isFinite), `${what} is finite`).toBe(true);
  const worst = expected.reduce((most, value, i) => Math.max(most, Math.abs(actual[i] - value)), 0);
  expect(worst / scale, `largest error of ${what}`).toBeLessThan(2e-6);
}

let autodiff: Autodiff;
beforeAll(async () => {
  autodiff = await autodiffForTests();
});

describe('the depthwise convolution of the training step', () => {
  it.each(CASES)('agrees with plain sums forward and backward: $title', (example) => {
    const { tf } = autodiff;
    const xs = randomValues(1, count(example.input));
    const ws = randomValues(2, count(example.filter));
    const x = tf.tensor(xs, example.input);
    const w = tf.tensor(ws, example.filter);
    const forward = (a: Tensor, b: Tensor) => autodiff.depthwise(a, b, example.stride, example.padding);
    const y = forward(x, w);
    const weighing = randomValues(3, y.size);
    const expected = oracle(example, xs, ws, (index) => weighing[index]);
    const gradients = tf.grads((a, b) => forward(a, b).mul(tf.tensor(weighing, y.shape)).sum())([x, w]);
    expectClose(y.dataSync(), expected.y, 'the output');
    expectClose(gradients[0].dataSync(), expected.dx, 'the input gradient');
    expectClose(gradients[1].dataSync(), expected.dw, 'the filter gradient');
    tf.dispose([x, w, y, ...gradients]);
  });

  it('writes only its own tensors: neighbours in memory keep their values', () => {
    const { tf } = autodiff;
    const example = CASES[3];
    const guards: Tensor[] = [];
    const guard = () => guards.push(tf.keep(tf.fill([64], 7)));
    guard();
    const x = tf.tensor(randomValues(1, count(example.input)), example.input);
    guard();
    const w = tf.tensor(randomValues(2, count(example.filter)), example.filter);
    guard();
    const gradients = tf.grads((a, b) => {
      guard();
      const y = autodiff.depthwise(a, b, example.stride, example.padding);
      guard();
      return y.sum();
    })([x, w]);
    guard();
    for (const tensor of guards) expect(Array.from(tensor.dataSync())).toEqual(new Array(64).fill(7));
    tf.dispose([x, w, ...guards, ...gradients]);
  });

  it.each([CASES[2], CASES[3]])('keeps no tensor and no memory after a thousand steps: $title', (example) => {
    const { tf } = autodiff;
    const { input, filter, stride, padding } = example;
    const x = tf.tensor(randomValues(1, count(input)), input);
    const w = tf.tensor(randomValues(2, count(filter)), filter);
    const step = () => tf.dispose(tf.grads((a, b) => autodiff.depthwise(a, b, stride, padding).square().sum())([x, w]));
    step();
    const before = tf.memory();
    for (let k = 0; k < 1000; k++) step();
    expect(tf.memory()).toEqual(before);
    tf.dispose([x, w]);
  });

  it('leaves a dilated one to the backend', () => {
    const { tf } = autodiff;
    const x = tf.tensor4d(new Array(50).fill(1), [1, 5, 5, 2]);
    const w = tf.tensor4d(new Array(18).fill(1), [3, 3, 2, 1]);
    const total = tf.tidy(() => tf.depthwiseConv2d(x, w, 1, 'valid', 'NHWC', 2).sum().dataSync());
    expect(total[0]).toBe(18);
  });
});

describe('a convolution in groups', () => {
  it('is that of each part by its own filters, forward and backward', () => {
    const { tf } = autodiff;
    const x = tf.tensor(randomValues(1, 2 * 5 * 5 * 6), [2, 5, 5, 6]);
    const w = tf.tensor(randomValues(2, 3 * 3 * 2 * 9), [3, 3, 2, 9]);
    // the same as one convolution whose filters are zero for the other groups' channels
    const whole = (filter: Tensor) => {
      const parts = [0, 1, 2].map((group) =>
        tf.pad(filter.slice([0, 0, 0, 3 * group], [3, 3, 2, 3]), [
          [0, 0],
          [0, 0],
          [2 * group, 4 - 2 * group],
          [0, 0],
        ]),
      );
      return tf.concat(parts, 3);
    };
    const ours = (a: Tensor, b: Tensor) => autodiff.groupedConvolution(a, b, 3, [2, 1], [1, 1, 1, 1]);
    const plain = (a: Tensor, b: Tensor) => autodiff.convolution(a, whole(b), [2, 1], [1, 1, 1, 1]);
    expectClose(ours(x, w).dataSync(), Float64Array.from(plain(x, w).dataSync()), 'the output');
    const [gradients, expected] = [ours, plain].map((forward) =>
      tf.grads((a, b) => forward(a, b).square().sum())([x, w]),
    );
    for (const [k, gradient] of gradients.entries()) {
      expectClose(gradient.dataSync(), Float64Array.from(expected[k].dataSync()), `gradient ${k}`);
    }
  });
});
