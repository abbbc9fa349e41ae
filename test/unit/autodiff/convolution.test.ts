import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { CORRELATE_FIELDS, FILTER_GRADIENT_FIELDS, PACK_FIELDS, phasesOf } from '../../../src/autodiff/convolution.ts';
import { DEPTHWISE_FIELDS, DEPTHWISE_GRADIENT_FIELDS, NEIGHBOUR_SUM_FIELDS } from '../../../src/autodiff/depthwise.ts';
import type { Autodiff, Tensor } from '../../../src/autodiff/index.ts';
import { BATCH_NORM_FIELDS, COLUMN_SUM_FIELDS, MASK_FIELDS } from '../../../src/autodiff/normalisation.ts';
import { autodiffForTests, randomValues } from './autodiff-fixture.ts';

interface Case {
  title: string;
  input: [number, number, number, number];
  filter: [number, number, number, number];
  stride: [number, number];
  padding: [number, number, number, number];
}

const CASES: Case[] = [
  {
    title: 'a 3×3 window, same size',
    input: [2, 8, 8, 8],
    filter: [3, 3, 8, 16],
    stride: [1, 1],
    padding: [1, 1, 1, 1],
  },
  {
    title: 'odd channels and widths',
    input: [2, 5, 7, 3],
    filter: [3, 3, 3, 5],
    stride: [1, 1],
    padding: [1, 1, 1, 1],
  },
  {
    title: 'stride 2, padded below and right',
    input: [2, 8, 8, 6],
    filter: [3, 3, 6, 9],
    stride: [2, 2],
    padding: [0, 1, 1, 0],
  },
  {
    title: 'stride 2 with rows that no window reaches',
    input: [1, 6, 10, 4],
    filter: [3, 3, 4, 8],
    stride: [2, 3],
    padding: [0, 0, 0, 0],
  },
  {
    title: 'a 1×1 window, stride 2',
    input: [3, 8, 8, 5],
    filter: [1, 1, 5, 12],
    stride: [2, 2],
    padding: [0, 0, 0, 0],
  },
  {
    title: 'a stride wider than the window',
    input: [1, 9, 9, 2],
    filter: [2, 1, 2, 3],
    stride: [3, 4],
    padding: [1, 0, 2, 3],
  },
  {
    title: 'padding wider than the window needs',
    input: [1, 3, 4, 2],
    filter: [2, 5, 2, 7],
    stride: [1, 2],
    padding: [3, 2, 1, 4],
  },
  { title: 'one pixel', input: [2, 1, 1, 16], filter: [3, 3, 16, 10], stride: [1, 1], padding: [1, 1, 1, 1] },
  {
    title: 'a window that is the image',
    input: [2, 4, 4, 4],
    filter: [4, 4, 4, 1],
    stride: [1, 1],
    padding: [0, 0, 0, 0],
  },
  {
    title: 'rows longer than a block',
    input: [1, 40, 33, 16],
    filter: [3, 3, 16, 8],
    stride: [1, 1],
    padding: [1, 1, 1, 1],
  },
];

const ones = (length: number) => new Array(length).fill(1);
const count = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1);

/** The plain sums that define a convolution and its two gradients, in double precision. */
function oracle(
  { input, filter, stride, padding }: Case,
  x: Float32Array,
  w: Float32Array,
  dy: (index: number) => number,
) {
  const [batch, height, width, channels] = input;
  const [kernelHeight, kernelWidth, , outChannels] = filter;
  const outHeight = Math.floor((height + padding[0] + padding[2] - kernelHeight) / stride[0]) + 1;
  const outWidth = Math.floor((width + padding[1] + padding[3] - kernelWidth) / stride[1]) + 1;
  const y = new Float64Array(batch * outHeight * outWidth * outChannels);
  const dx = new Float64Array(x.length);
  const dw = new Float64Array(w.length);
  for (let n = 0; n < batch; n++)
    for (let oy = 0; oy < outHeight; oy++)
      for (let ox = 0; ox < outWidth; ox++)
        for (let ky = 0; ky < kernelHeight; ky++)
          for (let kx = 0; kx < kernelWidth; kx++) {
            const iy = oy * stride[0] + ky - padding[0];
            const ix = ox * stride[1] + kx - padding[3];
            if (iy < 0 || ix < 0 || iy >= height || ix >= width) continue;
            for (let i = 0; i < channels; i++)
              for (let o = 0; o < outChannels; o++) {
                const at = ((n * outHeight + oy) * outWidth + ox) * outChannels + o;
                const from = ((n * height + iy) * width + ix) * channels + i;
                const tap = ((ky * kernelWidth + kx) * channels + i) * outChannels + o;
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
  let worst = 0;
  for (let i = 0; i < expected.length; i++) worst = Math.max(worst, Math.abs(actual[i] - expected[i]) || 0);
  expect(Array.from(actual).every(Number.isFinite), `${what} is finite`).toBe(true);
  expect(worst / scale, `largest error of ${what}`).toBeLessThan(2e-6);
}

let autodiff: Autodiff;
beforeAll(async () => {
  autodiff = await autodiffForTests();
});

describe('the convolution of the training step', () => {
  it.each(CASES)('agrees with plain sums forward and backward: $title', (example) => {
    const { tf } = autodiff;
    const xs = randomValues(1, count(example.input));
    const ws = randomValues(2, count(example.filter));
    const x = tf.tensor(xs, example.input);
    const w = tf.tensor(ws, example.filter);
    const forward = (a: Tensor, b: Tensor) => autodiff.convolution(a, b, example.stride, example.padding);
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
    const example = CASES[1];
    const guards: Tensor[] = [];
    const guard = () => guards.push(tf.fill([64], 7));
    guard();
    const x = tf.tensor(randomValues(1, count(example.input)), example.input);
    guard();
    const w = tf.tensor(randomValues(2, count(example.filter)), example.filter);
    guard();
    const gradients = tf.grads((a, b) => {
      guard();
      const y = autodiff.convolution(a, b, example.stride, example.padding);
      guard();
      return y.sum();
    })([x, w]);
    guard();
    for (const tensor of guards) {
      if (!tensor.isDisposed) expect(Array.from(tensor.dataSync())).toEqual(new Array(64).fill(7));
    }
    tf.dispose([x, w, ...guards, ...gradients]);
  });

  it('leaves a dilated convolution to the backend', () => {
    const { tf } = autodiff;
    const total = tf.tidy(() =>
      tf
        .conv2d(tf.tensor4d(ones(25), [1, 5, 5, 1]), tf.tensor4d(ones(9), [3, 3, 1, 1]), 1, 'valid', 'NHWC', 2)
        .sum()
        .dataSync(),
    );
    expect(total[0]).toBe(9);
  });

  it('keeps no tensor and no memory after a thousand steps', () => {
    const { tf } = autodiff;
    const { input, filter, stride, padding } = CASES[2];
    const x = tf.tensor(randomValues(1, count(input)), input);
    const w = tf.tensor(randomValues(2, count(filter)), filter);
    const step = () =>
      tf.dispose(tf.grads((a, b) => autodiff.convolution(a, b, stride, padding).square().sum())([x, w]));
    step();
    const before = tf.memory();
    for (let k = 0; k < 1000; k++) step();
    expect(tf.memory()).toEqual(before);
    tf.dispose([x, w]);
  });
});

describe('the phases of a stride', () => {
  it('give every input to exactly one phase', () => {
    for (const [size, kernel, stride, padding] of [
      [7, 3, 2, 1],
      [8, 1, 2, 0],
      [9, 5, 4, 3],
      [2, 3, 3, 2],
    ]) {
      const seen = phasesOf(size, kernel, stride, padding).flatMap(({ first, count: inputs }) =>
        Array.from({ length: inputs }, (_, k) => first + k * stride),
      );
      expect(seen.sort((a, b) => a - b)).toEqual(Array.from({ length: size }, (_, k) => k));
    }
  });
});

describe('the parameter blocks', () => {
  it.each([
    ['correlate.ts', 'Correlate', CORRELATE_FIELDS],
    ['pack-filter.ts', 'Pack', PACK_FIELDS],
    ['filter-gradient.ts', 'FilterGradient', FILTER_GRADIENT_FIELDS],
    ['batch-norm.ts', 'BatchNorm', BATCH_NORM_FIELDS],
    ['elementwise.ts', 'Mask', MASK_FIELDS],
    ['elementwise.ts', 'ColumnSum', COLUMN_SUM_FIELDS],
    ['elementwise.ts', 'NeighbourSum', NEIGHBOUR_SUM_FIELDS],
    ['depthwise.ts', 'Depthwise', DEPTHWISE_FIELDS],
    ['depthwise.ts', 'DepthwiseGradient', DEPTHWISE_GRADIENT_FIELDS],
  ])('of %s have the same fields in TypeScript and AssemblyScript: %s', async (file, name, fields) => {
    const source = await readFile(new URL(`../../../assembly/training/${file}`, import.meta.url), 'utf8');
    const body = new RegExp(`const enum ${name} \\{([^}]*)\\}`).exec(source)?.[1] ?? '';
    const names = body
      .replace(/\/\*\*.*?\*\//gs, '')
      .split(',')
      .map((field) => field.trim());
    expect(names.filter(Boolean)).toEqual([...fields]);
  });

  it('belong to a module without data of its own, which would overwrite the memory of tfjs', async () => {
    const bytes = await readFile(new URL('../../../dist/kernels/training.wasm', import.meta.url));
    const sections: number[] = [];
    for (let at = 8; at < bytes.length; ) {
      sections.push(bytes[at++]);
      let size = 0;
      for (let shift = 0; ; shift += 7) {
        const byte = bytes[at++];
        size |= (byte & 127) << shift;
        if (byte < 128) break;
      }
      at += size;
    }
    expect(sections).not.toContain(11);
  });
});
