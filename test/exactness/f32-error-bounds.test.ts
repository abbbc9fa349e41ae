import { beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../../src/core/random.ts';
import { supportsIsa } from '../../src/kernels/capabilities.ts';
import { makeCase } from '../../src/kernels/exactness/layers.ts';
import { runCase } from '../../src/kernels/exactness/run-case.ts';
import { loadKernels } from '../../src/kernels/load.ts';
import { KERNEL_VARIANTS } from '../../src/kernels/registry.ts';
import type { LoadedKernels } from '../../src/kernels/types.ts';
import type { Workload } from '../../src/network/workload.ts';
import { loadKernelModules } from '../../src/node/kernel-files.ts';

let kernels: LoadedKernels;
beforeAll(async () => {
  kernels = loadKernels(await loadKernelModules());
});

/** Long sums, over few outputs and over many. */
const SHAPES: [size: number, inChannels: number, outChannels: number][] = [
  [2, 512, 16],
  [5, 256, 24],
  [9, 64, 16],
];

/** One filter a channel: sums are short, and there are many of them. */
const DEPTHWISE_SHAPES: [size: number, channels: number][] = [
  [7, 64],
  [12, 20],
];

/** Inputs that are known to differ in how their sums round. */
const INPUTS: Record<string, (random: Random) => number> = {
  uniform: (random) => random.real() * 2 - 1,
  'positive, as after a ReLU': (random) => random.real(),
  'sparse and large': (random) => (random.below(40) === 0 ? random.real() * 40 - 20 : 0),
};

function workloadOf(op: 'conv2d' | 'dense', [size, inChannels, outChannels]: (typeof SHAPES)[number]): Workload {
  const side = op === 'dense' ? 1 : size;
  return {
    op,
    batch: 1,
    height: side,
    width: side,
    inChannels: op === 'dense' ? inChannels * 9 : inChannels,
    outChannels,
    kernel: op === 'dense' ? [1, 1] : [3, 3],
    stride: [1, 1],
    padding: op === 'dense' ? [0, 0, 0, 0] : [1, 1, 1, 1],
    dilation: [1, 1],
    groups: 1,
    activation: 'none',
    residual: false,
    input: 'f32',
    output: 'f32',
  };
}

function depthwiseOf([size, channels]: (typeof DEPTHWISE_SHAPES)[number], stride: number): Workload {
  return { ...workloadOf('conv2d', [size, channels, channels]), groups: channels, stride: [stride, stride] };
}

const variants = KERNEL_VARIANTS.filter(({ errorBound }) => errorBound !== undefined);

describe.each(variants.map((variant) => [variant.id, variant] as const))('%s', (_, variant) => {
  it.skipIf(!supportsIsa(variant.isa)).each(Object.keys(INPUTS))('keeps its error bound: %s', (kind) => {
    const random = new Random(17);
    const workloads = [
      ...SHAPES.map((shape) => workloadOf(variant.op as 'conv2d' | 'dense', shape)),
      ...[1, 2].flatMap((stride) => DEPTHWISE_SHAPES.map((shape) => depthwiseOf(shape, stride))),
    ].filter((workload) => variant.supports(workload));
    expect(workloads.length).toBeGreaterThan(1);
    for (const workload of workloads) {
      const testCase = makeCase(workload, 'f32', { residual: 'none' }, random);
      testCase.input = testCase.input.map(() => INPUTS[kind](random)) as Float32Array;
      expect(runCase(kernels, variant, testCase, ['output'])).toBeUndefined();
    }
  });
});
