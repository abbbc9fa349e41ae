import { foldNetwork } from './fold.ts';
import { planMemory } from './memory-plan.ts';
import { inferShapes } from './shapes.ts';
import { INPUT, type Layer, type Network, type Shape } from './types.ts';

export interface LayerSummary {
  name: string;
  op: Layer['op'];
  inputShape: Shape;
  outputShape: Shape;
  /** Multiply-accumulates for one image. */
  macs: number;
  /** Learned numbers: kernels, biases, batch norm's gamma and beta; running statistics are not counted. */
  parameters: number;
  /** Of the output at one byte an element, as it is stored whatever its bits; in f32 four times as much. */
  activationBytes: number;
  /** Smallest and largest weight: of a kernel, or of batch norm's gamma; null for layers without, and unknown weights. */
  weightRange: { low: number; high: number } | null;
}

export interface NetworkSummary {
  network: string;
  inputShape: Shape;
  macs: number;
  parameters: number;
  /** Activations that are alive at once, at most, at one byte an element; after folding, without the kernels' scratch. */
  peakActivationBytes: number;
  /** Layers that bring 8-bit weights of their own, as integer models do. */
  integerLayers: number;
  layers: LayerSummary[];
}

/**
 * Layers, shapes, multiply-accumulates, parameters, activations and weights of a network, before batch norm is folded.
 *
 * @example summarize({ name: 'empty', inputShape: [1, 1, 1], preprocessing: { mean: [0], std: [1] }, layers: [], weights: new Map() }).macs // => 0
 */
export function summarize(network: Network): NetworkSummary {
  const shapes = inferShapes(network);
  const layers = network.layers.map((layer) => {
    const inputShape = shapes.get(layer.inputs[0])!;
    const outputShape = shapes.get(layer.name)!;
    return {
      ...{ name: layer.name, op: layer.op, inputShape, outputShape, ...count(layer, inputShape, outputShape) },
      activationBytes: elements(outputShape),
      weightRange: rangeOf(network.weights.get(`${layer.name}.${layer.op === 'batchNorm' ? 'gamma' : 'kernel'}`)),
    };
  });
  const total = (of: 'macs' | 'parameters') => layers.reduce((sum, layer) => sum + layer[of], 0);
  return {
    ...{ network: network.name, inputShape: network.inputShape, macs: total('macs'), parameters: total('parameters') },
    peakActivationBytes: peakOf(network),
    integerLayers: network.quantization?.weights.size ?? 0,
    layers,
  };
}

/** The arena that a folded network's tensors need: each lives from the step that writes it to the last that reads it. */
function peakOf(network: Network): number {
  const { layers, inputShape } = foldNetwork({ ...network, weights: new Map() });
  const shapes = inferShapes({ inputShape, layers });
  const lastStep = new Map<string, number>();
  for (const [step, { inputs }] of layers.entries()) for (const name of inputs) lastStep.set(name, step + 1);
  const buffers = [INPUT, ...layers.map(({ name }) => name)].map((name, firstStep) => {
    return { name, bytes: elements(shapes.get(name)!), firstStep, lastStep: lastStep.get(name) ?? layers.length };
  });
  return planMemory(buffers).peakBytes;
}

function elements([height, width, channels]: Shape): number {
  return height * width * channels;
}

function rangeOf(values: Float32Array | undefined): LayerSummary['weightRange'] {
  if (!values?.length) return null;
  let [low, high] = [values[0], values[0]];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return { low, high };
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
