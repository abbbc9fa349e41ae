import type { Workload } from '../../src/network/workload.ts';

/** A layer on which kernels are compared, and the group of the table that it belongs to. */
export interface BenchLayer {
  name: string;
  group: '3x3' | '3x3 strided' | 'pointwise' | 'depthwise' | 'depthwise strided' | 'dense' | 'small K';
  workload: Workload;
}

type Shape = [size: number, inChannels: number, outChannels: number, kernel: number, stride: number];

function convolution([size, inChannels, outChannels, kernel, stride]: Shape, groups = 1): Workload {
  // symmetric, so that every library takes it without a padding pass of its own
  const padding = (kernel - 1) / 2;
  return {
    op: 'conv2d',
    batch: 1,
    height: size,
    width: size,
    inChannels,
    outChannels,
    kernel: [kernel, kernel],
    stride: [stride, stride],
    padding: [padding, padding, padding, padding],
    dilation: [1, 1],
    groups,
    activation: 'relu',
    residual: false,
    input: 'u8',
    output: 'u8',
  };
}

const conv = (group: BenchLayer['group'], ...[size, from, to, kernel, stride]: Shape): BenchLayer => ({
  name: `${kernel}x${kernel}${stride > 1 ? `/${stride}` : ''} ${from}→${to} @${size}`,
  group,
  workload: convolution([size, from, to, kernel, stride]),
});

const depthwise = (size: number, channels: number, stride: number): BenchLayer => ({
  name: `depthwise 3x3${stride > 1 ? `/${stride}` : ''} ${channels} @${size}`,
  group: stride > 1 ? 'depthwise strided' : 'depthwise',
  workload: convolution([size, channels, channels, 3, stride], channels),
});

const dense = (inputs: number, outputs: number): BenchLayer => ({
  name: `dense ${inputs}→${outputs}`,
  group: 'dense',
  workload: { ...convolution([1, inputs, outputs, 1, 1]), op: 'dense' },
});

/** Layers of ResNet-20, ResNet-18 and MobileNetV2, and a large fully connected one. */
export const BENCH_LAYERS: readonly BenchLayer[] = [
  conv('small K', 32, 3, 16, 3, 1),
  conv('3x3', 32, 16, 16, 3, 1),
  conv('3x3', 16, 32, 32, 3, 1),
  conv('3x3', 8, 64, 64, 3, 1),
  conv('3x3 strided', 32, 16, 32, 3, 2),
  conv('3x3 strided', 16, 32, 64, 3, 2),
  conv('small K', 32, 16, 32, 1, 2),
  conv('small K', 16, 32, 64, 1, 2),
  conv('3x3', 56, 64, 64, 3, 1),
  conv('3x3', 28, 128, 128, 3, 1),
  conv('3x3', 14, 256, 256, 3, 1),
  conv('3x3', 7, 512, 512, 3, 1),
  conv('pointwise', 112, 32, 16, 1, 1),
  conv('pointwise', 56, 24, 144, 1, 1),
  conv('pointwise', 28, 192, 32, 1, 1),
  conv('pointwise', 14, 96, 576, 1, 1),
  conv('pointwise', 14, 576, 96, 1, 1),
  conv('pointwise', 7, 320, 1280, 1, 1),
  depthwise(56, 144, 1),
  depthwise(28, 192, 1),
  depthwise(14, 384, 1),
  depthwise(7, 960, 1),
  depthwise(112, 96, 2),
  depthwise(56, 144, 2),
  depthwise(14, 576, 2),
  dense(4096, 4096),
];
