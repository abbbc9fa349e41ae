import { assert } from '../core/errors.ts';
import type { Activation, Conv2dLayer, Layer, PoolLayer, SubsampleLayer } from '../network/types.ts';
import type { Autodiff, Tensor } from './index.ts';

/** Anything but batch norm, whose forward pass depends on whether it is being trained, and softmax, which stays apart. */
export function runLayer(
  autodiff: Autodiff,
  layer: Layer,
  inputs: Tensor[],
  weights: { kernel: Tensor | undefined; bias: Tensor | undefined },
): Tensor {
  const [x] = inputs;
  switch (layer.op) {
    case 'conv2d': {
      let y = convolve(autodiff, layer, x, weights.kernel!);
      if (weights.bias) y = autodiff.addBias(y, weights.bias);
      if (inputs.length > 1) y = y.add(inputs[1]);
      return activate(autodiff, y, layer.activation);
    }
    case 'dense': {
      // A convolution of one pixel: tfjs's own product would keep a packed copy of weights that we change in place.
      const kernel = weights.kernel!.reshape([1, 1, ...weights.kernel!.shape]);
      const y = autodiff.convolution(x.reshape([x.shape[0], 1, 1, -1]), kernel, [1, 1], [0, 0, 0, 0]);
      return activate(autodiff, weights.bias ? autodiff.addBias(y, weights.bias) : y, layer.activation);
    }
    case 'add':
      return activate(autodiff, x.add(inputs[1]), layer.activation);
    case 'activation':
      assert(layer.activation === 'relu' || layer.activation === 'relu6', `${layer.activation} is not trainable`);
      return autodiff.activation(x, layer.activation);
    case 'averagePool':
    case 'maxPool':
      return pool(autodiff, layer, x);
    case 'globalAveragePool':
      return x.mean([1, 2], true);
    case 'subsample':
      return subsample(autodiff, layer, x);
    case 'flatten':
      return x.reshape([x.shape[0], 1, 1, -1]);
    default:
      assert(false, `layer ${layer.name} (${layer.op}) does not run here`);
  }
}

/** Filters are kept as [h][w][channels of a group][out], whatever the groups. */
function convolve(autodiff: Autodiff, { groups, stride, padding }: Conv2dLayer, x: Tensor, kernel: Tensor): Tensor {
  if (groups === 1) return autodiff.convolution(x, kernel, stride, padding);
  if (kernel.shape[2] !== 1) return autodiff.groupedConvolution(x, kernel, groups, stride, padding);
  const [height, width, , outChannels] = kernel.shape;
  const filter = kernel.reshape([height!, width!, groups, outChannels! / groups]);
  return autodiff.depthwise(x, filter, stride, padding);
}

function activate(autodiff: Autodiff, x: Tensor, activation: Activation): Tensor {
  return activation === 'none' ? x : autodiff.activation(x, activation);
}

type Tensor4 = Parameters<Autodiff['tf']['maxPool']>[0];

function pool({ tf }: Autodiff, layer: PoolLayer, x: Tensor): Tensor {
  const [top, right, bottom, left] = layer.padding;
  const kernel: [number, number] = [...layer.kernel];
  const stride: [number, number] = [...layer.stride];
  if (layer.op === 'averagePool') return tf.avgPool(x as Tensor4, kernel, stride, 'valid');
  const pad: [[number, number], [number, number], [number, number], [number, number]] = [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ];
  return tf.maxPool(x as Tensor4, kernel, stride, pad);
}

/** Averaging over one pixel takes every stride-th, and unlike a strided slice it has a gradient. */
function subsample({ tf }: Autodiff, layer: SubsampleLayer, x: Tensor): Tensor {
  const taken = tf.avgPool(x as Tensor4, [1, 1], [...layer.stride], 'valid');
  return tf.pad(taken, [
    [0, 0],
    [0, 0],
    [0, 0],
    [layer.channelsBefore, layer.channelsAfter],
  ]);
}
