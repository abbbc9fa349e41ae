import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { WasmKernels } from './wasm-kernels.ts';

/** The parameter blocks of assembly/training, field by field; a test compares them with the sources. */
export const BATCH_NORM_FIELDS = [
  'pixels',
  'channels',
  'relu',
  'epsilon',
  'x',
  'gamma',
  'beta',
  'mean',
  'variance',
  'y',
  'outputGradient',
  'gammaGradient',
  'betaGradient',
  'inputGradient',
  'totals',
] as const;

export const MASK_FIELDS = ['count', 'most', 'y', 'outputGradient', 'inputGradient'] as const;

export const COLUMN_SUM_FIELDS = ['rows', 'columns', 'values', 'totals', 'sums'] as const;

export interface BatchNormAttributes {
  epsilon: number;
  /** Whether a ReLU follows and is computed along with it. */
  relu: boolean;
}

const sizeOf = (tensor: TensorInfo) => tensor.shape.reduce((product, size) => product * size, 1);

/** Normalises x [..., channels] by the statistics of all its pixels; also returns those, the variance biased. */
export function batchNorm(
  kernels: WasmKernels,
  inputs: { x: TensorInfo; gamma: TensorInfo; beta: TensorInfo },
  attributes: BatchNormAttributes,
): [y: TensorInfo, mean: TensorInfo, variance: TensorInfo] {
  const { x, gamma, beta } = inputs;
  const channels = x.shape[x.shape.length - 1];
  const [y, mean, variance] = [x.shape, [channels], [channels]].map((shape) => kernels.allocate(shape));
  const [totals] = kernels.scratch(16 * channels);
  kernels.run('f32_batch_norm', BATCH_NORM_FIELDS, {
    pixels: sizeOf(x) / channels,
    channels,
    relu: attributes.relu ? 1 : 0,
    epsilon: { float: attributes.epsilon },
    x: kernels.address(x),
    gamma: kernels.address(gamma),
    beta: kernels.address(beta),
    mean: kernels.address(mean),
    variance: kernels.address(variance),
    y: kernels.address(y),
    outputGradient: 0,
    gammaGradient: 0,
    betaGradient: 0,
    inputGradient: 0,
    totals,
  });
  return [y, mean, variance];
}

/** Gradients of the batch norm's x, gamma and beta from that of its output. */
export function batchNormGradient(
  kernels: WasmKernels,
  inputs: {
    x: TensorInfo;
    gamma: TensorInfo;
    beta: TensorInfo;
    mean: TensorInfo;
    variance: TensorInfo;
    dy: TensorInfo;
  },
  attributes: BatchNormAttributes,
): [dx: TensorInfo, dGamma: TensorInfo, dBeta: TensorInfo] {
  const { x, gamma, beta, mean, variance, dy } = inputs;
  const channels = x.shape[x.shape.length - 1];
  const [dx, dGamma, dBeta] = [x.shape, [channels], [channels]].map((shape) => kernels.allocate(shape));
  const [totals] = kernels.scratch(16 * channels);
  kernels.run('f32_batch_norm_gradient', BATCH_NORM_FIELDS, {
    pixels: sizeOf(x) / channels,
    channels,
    relu: attributes.relu ? 1 : 0,
    epsilon: { float: attributes.epsilon },
    x: kernels.address(x),
    gamma: kernels.address(gamma),
    beta: kernels.address(beta),
    mean: kernels.address(mean),
    variance: kernels.address(variance),
    y: 0,
    outputGradient: kernels.address(dy),
    gammaGradient: kernels.address(dGamma),
    betaGradient: kernels.address(dBeta),
    inputGradient: kernels.address(dx),
    totals,
  });
  return [dx, dGamma, dBeta];
}

/** dy where 0 < y < most, else 0: the gradient of a ReLU (most = Infinity) or ReLU6 (6) from its output y. */
export function activationGradient(kernels: WasmKernels, dy: TensorInfo, y: TensorInfo, most: number): TensorInfo {
  const gradient = kernels.allocate(y.shape);
  kernels.run('f32_activation_gradient', MASK_FIELDS, {
    count: sizeOf(y),
    most: { float: most },
    y: kernels.address(y),
    outputGradient: kernels.address(dy),
    inputGradient: kernels.address(gradient),
  });
  return gradient;
}

/** The sum over all but the last axis: a bias's gradient. */
export function columnSum(kernels: WasmKernels, values: TensorInfo): TensorInfo {
  const columns = values.shape[values.shape.length - 1];
  const sums = kernels.allocate([columns]);
  const [totals] = kernels.scratch(8 * columns);
  kernels.run('f32_column_sum', COLUMN_SUM_FIELDS, {
    rows: sizeOf(values) / columns,
    columns,
    values: kernels.address(values),
    totals,
    sums: kernels.address(sums),
  });
  return sums;
}
