import type * as TfjsCore from '@tensorflow/tfjs-core';
import { convolve, filterGradient, type Geometry, inputGradient } from './convolution.ts';
import { convolveDepthwise, depthwiseFilterGradient, depthwiseInputGradient } from './depthwise.ts';
import {
  activationGradient,
  type BatchNormAttributes,
  batchNorm,
  batchNormGradient,
  columnSum,
} from './normalisation.ts';
import type { WasmKernels } from './wasm-kernels.ts';

type Tfjs = typeof TfjsCore;
type Info = TfjsCore.TensorInfo;
type Shape4 = [number, number, number, number];

/** Names under which our own kernels are registered with tfjs. */
export const BATCH_NORM_TRAINING = 'BitbudgetBatchNorm';
export const BATCH_NORM_GRADIENT = 'BitbudgetBatchNormGradient';
export const ACTIVATION_GRADIENT = 'BitbudgetActivationGradient';
export const COLUMN_SUM = 'BitbudgetColumnSum';

interface ConvolutionAttributes {
  strides: [number, number];
  pad: 'valid' | 'same' | number | TfjsCore.backend_util.ExplicitPadding;
  dilations?: number | [number, number];
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

function register(
  tf: Tfjs,
  kernelName: string,
  run: (inputs: Record<string, Info>, attributes: unknown) => Info | Info[],
) {
  if (tf.getKernel(kernelName, 'wasm')) tf.unregisterKernel(kernelName, 'wasm');
  tf.registerKernel({
    kernelName,
    backendName: 'wasm',
    kernelFunc: ({ inputs, attrs }) => run(inputs as Record<string, Info>, attrs),
  });
}

/**
 * Replaces the wasm backend's convolutions, plain and depthwise, and the input gradient that it has by ours, adds the
 * gradients that it lacks, and registers batch norm, activation gradients and column sums as kernels of their own. A
 * dilated convolution still goes to the backend; it has no gradient.
 */
export function registerKernels(tf: Tfjs, kernels: WasmKernels): void {
  registerConvolutions(tf, kernels, {
    kernelNames: [tf.Conv2D, tf.Conv2DBackpropInput, tf.Conv2DBackpropFilter],
    depthwise: false,
    run: [convolve, inputGradient, filterGradient],
  });
  registerConvolutions(tf, kernels, {
    kernelNames: [
      tf.DepthwiseConv2dNative,
      tf.DepthwiseConv2dNativeBackpropInput,
      tf.DepthwiseConv2dNativeBackpropFilter,
    ],
    depthwise: true,
    run: [convolveDepthwise, depthwiseInputGradient, depthwiseFilterGradient],
  });
  register(tf, BATCH_NORM_TRAINING, (inputs, attributes) =>
    batchNorm(kernels, inputs as { x: Info; gamma: Info; beta: Info }, attributes as BatchNormAttributes),
  );
  register(tf, BATCH_NORM_GRADIENT, (inputs, attributes) =>
    batchNormGradient(
      kernels,
      inputs as { x: Info; gamma: Info; beta: Info; mean: Info; variance: Info; dy: Info },
      attributes as BatchNormAttributes,
    ),
  );
  register(tf, ACTIVATION_GRADIENT, ({ dy, y }, attributes) =>
    activationGradient(kernels, dy, y, (attributes as { most: number }).most),
  );
  register(tf, COLUMN_SUM, ({ x }) => columnSum(kernels, x));
}

/** One kind of convolution: its forward pass, and its gradients with respect to the input and to the filter. */
interface ConvolutionKernels {
  kernelNames: readonly [forward: string, input: string, filter: string];
  depthwise: boolean;
  run: readonly [
    forward: (kernels: WasmKernels, x: Info, filter: Info, g: Geometry) => Info,
    input: (kernels: WasmKernels, dy: Info, filter: Info, g: Geometry) => Info,
    filter: (kernels: WasmKernels, x: Info, dy: Info, g: Geometry) => Info,
  ];
}

function registerConvolutions(
  tf: Tfjs,
  kernels: WasmKernels,
  { kernelNames, depthwise, run }: ConvolutionKernels,
): void {
  const geometry = (inShape: readonly number[], filterShape: readonly number[], attributes: ConvolutionAttributes) =>
    tf.backend_util.computeConv2DInfo(
      inShape as Shape4,
      filterShape as Shape4,
      attributes.strides,
      attributes.dilations ?? 1,
      attributes.pad,
      attributes.dimRoundingMode,
      depthwise,
    );
  const stock = tf.getKernel(kernelNames[0], 'wasm').kernelFunc;
  register(tf, kernelNames[0], ({ x, filter }, attributes) => {
    const g = geometry(x.shape, filter.shape, attributes as ConvolutionAttributes);
    const ours = g.dilationHeight === 1 && g.dilationWidth === 1 && g.inChannels === filter.shape[2];
    if (ours) return run[0](kernels, x, filter, g);
    return stock({
      inputs: { x, filter },
      attrs: attributes as object as TfjsCore.NamedAttrMap,
      backend: kernels.backend,
    });
  });
  register(tf, kernelNames[1], ({ dy, filter }, attributes) => {
    const { inputShape, ...rest } = attributes as ConvolutionAttributes & { inputShape: number[] };
    return run[1](kernels, dy, filter, geometry(inputShape, filter.shape, rest));
  });
  register(tf, kernelNames[2], ({ x, dy }, attributes) => {
    const { filterShape, ...rest } = attributes as ConvolutionAttributes & { filterShape: number[] };
    return run[2](kernels, x, dy, geometry(x.shape, filterShape, rest));
  });
}
