import type { TensorInfo } from '@tensorflow/tfjs-core';
import { FLOAT_BYTES, type Geometry, PACK_FIELDS, type Phase, phasesOf, window } from './convolution.ts';
import type { WasmKernels } from './wasm-kernels.ts';

/** The parameter blocks of assembly/training/depthwise.ts, field by field; a test compares them with the source. */
const IMAGE_FIELDS = [
  'batch',
  'source',
  'sourceHeight',
  'sourceWidth',
  'channels',
  'multiplier',
  'padTop',
  'padLeft',
  'padded',
  'paddedHeight',
  'paddedWidth',
] as const;

export const DEPTHWISE_FIELDS = [
  ...IMAGE_FIELDS,
  'filter',
  'kernelHeight',
  'kernelWidth',
  'strideHeight',
  'strideWidth',
  'startY',
  'startX',
  'output',
  'outHeight',
  'outWidth',
  'outPixelStep',
  'outRowStep',
  'outImageStep',
] as const;

export const DEPTHWISE_GRADIENT_FIELDS = [
  ...IMAGE_FIELDS,
  'kernelHeight',
  'kernelWidth',
  'strideHeight',
  'strideWidth',
  'outputGradient',
  'outHeight',
  'outWidth',
  'filterGradient',
] as const;

export const NEIGHBOUR_SUM_FIELDS = ['rows', 'columns', 'values', 'sums'] as const;

/** Outputs that each input channel has. */
const multiplierOf = (g: Geometry) => g.outChannels / g.inChannels;

/**
 * The depthwise convolution of x [n][inHeight][inWidth][channels] with a filter [height][width][channels][multiplier], as
 * a new tensor of channels · multiplier channels.
 */
export function convolveDepthwise(kernels: WasmKernels, x: TensorInfo, filter: TensorInfo, g: Geometry): TensorInfo {
  const output = kernels.allocate(g.outShape);
  const common = window(g);
  const [padded] = kernels.scratch(common.paddedHeight * common.paddedWidth * g.outChannels * FLOAT_BYTES);
  const outPixelStep = g.outChannels * FLOAT_BYTES;
  kernels.run('f32_depthwise', DEPTHWISE_FIELDS, {
    ...common,
    source: kernels.address(x),
    multiplier: multiplierOf(g),
    padded,
    filter: kernels.address(filter),
    startY: 0,
    startX: 0,
    output: kernels.address(output),
    outPixelStep,
    outRowStep: g.outWidth * outPixelStep,
    outImageStep: g.outHeight * g.outWidth * outPixelStep,
  });
  return output;
}

/** The gradient with respect to the filter [height][width][channels][multiplier], as a new tensor. */
export function depthwiseFilterGradient(kernels: WasmKernels, x: TensorInfo, dy: TensorInfo, g: Geometry): TensorInfo {
  const gradient = kernels.allocate(g.filterShape);
  const common = window(g);
  const [padded] = kernels.scratch(common.paddedHeight * common.paddedWidth * g.outChannels * FLOAT_BYTES);
  kernels.run('f32_depthwise_filter_gradient', DEPTHWISE_GRADIENT_FIELDS, {
    ...common,
    source: kernels.address(x),
    multiplier: multiplierOf(g),
    padded,
    outputGradient: kernels.address(dy),
    filterGradient: kernels.address(gradient),
  });
  return gradient;
}

/**
 * The gradient with respect to x, as a new tensor: as with the plain convolution the output's gradient meets the taps of
 * each phase of the stride. With a multiplier each output channel gives a gradient, which are then added.
 */
export function depthwiseInputGradient(
  kernels: WasmKernels,
  dy: TensorInfo,
  filter: TensorInfo,
  g: Geometry,
): TensorInfo {
  const wide = kernels.allocate([g.batchSize, g.inHeight, g.inWidth, g.outChannels]);
  const rows = phasesOf(g.inHeight, g.filterHeight, g.strideHeight, g.padInfo.top);
  const columns = phasesOf(g.inWidth, g.filterWidth, g.strideWidth, g.padInfo.left);
  if ([...rows, ...columns].some((phase) => phase.taps === 0)) kernels.view(wide).fill(0);
  for (const row of rows) {
    for (const column of columns) {
      const some = row.taps * column.taps * row.count * column.count > 0;
      if (some) inputGradientPhase(kernels, dy, filter, g, wide, row, column);
    }
  }
  if (multiplierOf(g) === 1) return wide;
  const gradient = kernels.allocate(g.inShape);
  kernels.run('f32_neighbour_sum', NEIGHBOUR_SUM_FIELDS, {
    rows: g.batchSize * g.inHeight * g.inWidth * g.inChannels,
    columns: multiplierOf(g),
    values: kernels.address(wide),
    sums: kernels.address(gradient),
  });
  kernels.free(wide);
  return gradient;
}

function inputGradientPhase(
  kernels: WasmKernels,
  dy: TensorInfo,
  filter: TensorInfo,
  g: Geometry,
  gradient: TensorInfo,
  row: Phase,
  column: Phase,
): void {
  const channels = g.outChannels;
  const paddedHeight = Math.max(row.taps - 1 + g.outHeight, row.start + row.count - 1 + row.taps);
  const paddedWidth = Math.max(column.taps - 1 + g.outWidth, column.start + column.count - 1 + column.taps);
  const [packed, padded] = kernels.scratch(
    row.taps * column.taps * channels * FLOAT_BYTES,
    paddedHeight * paddedWidth * channels * FLOAT_BYTES,
  );
  kernels.run('f32_pack_turned_depthwise', PACK_FIELDS, {
    filter: kernels.address(filter),
    kernelWidth: g.filterWidth,
    inChannels: channels,
    outChannels: 1,
    packed,
    tapsY: row.taps,
    tapsX: column.taps,
    phaseY: row.phase,
    phaseX: column.phase,
    strideHeight: g.strideHeight,
    strideWidth: g.strideWidth,
  });
  const pixelBytes = channels * FLOAT_BYTES;
  kernels.run('f32_depthwise', DEPTHWISE_FIELDS, {
    batch: g.batchSize,
    source: kernels.address(dy),
    sourceHeight: g.outHeight,
    sourceWidth: g.outWidth,
    channels,
    multiplier: 1,
    padTop: row.taps - 1,
    padLeft: column.taps - 1,
    padded,
    paddedHeight,
    paddedWidth,
    filter: packed,
    kernelHeight: row.taps,
    kernelWidth: column.taps,
    strideHeight: 1,
    strideWidth: 1,
    startY: row.start,
    startX: column.start,
    output: kernels.address(gradient) + (row.first * g.inWidth + column.first) * pixelBytes,
    outHeight: row.count,
    outWidth: column.count,
    outPixelStep: g.strideWidth * pixelBytes,
    outRowStep: g.strideHeight * g.inWidth * pixelBytes,
    outImageStep: g.inHeight * g.inWidth * pixelBytes,
  });
}
