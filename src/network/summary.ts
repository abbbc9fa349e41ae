import { inferShapes } from './shapes.ts';
import type { Layer, Network, Shape } from './types.ts';

export interface LayerSummary {
  name: string;
  op: Layer['op'];
  inputShape: Shape;
  outputShape: Shape;
  /** Multiply-accumulates for one image. */
  macs: number;
  /** Learned numbers: kernels, biases, batch norm's gamma and beta; running statistics are not counted. */
  parameters: number;
}

export interface NetworkSummary {
  network: string;
  macs: number;
  parameters: number;
  layers: LayerSummary[];
}

/**
 * Layers, shapes, multiply-accumulates and parameters of a network, before batch norm is folded.
 *
 * @example summarize({ name: 'empty', inputShape: [1, 1, 1], preprocessing: { mean: [0], std: [1] }, layers: [], weights: new Map() }).macs // => 0
 */
export function summarize(network: Network): NetworkSummary {
  const shapes = inferShapes(network);
  const layers = network.layers.map((layer) => {
    const inputShape = shapes.get(layer.inputs[0])!;
    const outputShape = shapes.get(layer.name)!;
    return { name: layer.name, op: layer.op, inputShape, outputShape, ...count(layer, inputShape, outputShape) };
  });
  const total = (of: 'macs' | 'parameters') => layers.reduce((sum, layer) => sum + layer[of], 0);
  return { network: network.name, macs: total('macs'), parameters: total('parameters'), layers };
}

function count(layer: Layer, input: Shape, output: Shape): { macs: number; parameters: number } {
  switch (layer.op) {
    case 'conv2d': {
      const kernel = (input[2] / layer.groups) * layer.kernel[0] * layer.kernel[1] * layer.outChannels;
      return { macs: output[0] * output[1] * kernel, parameters: kernel + (layer.bias ? layer.outChannels : 0) };
    }
    case 'dense': {
      const kernel = input[0] * input[1] * input[2] * layer.outChannels;
      return { macs: kernel, parameters: kernel + (layer.bias ? layer.outChannels : 0) };
    }
    case 'batchNorm':
      return { macs: 0, parameters: 2 * output[2] };
    default:
      return { macs: 0, parameters: 0 };
  }
}
