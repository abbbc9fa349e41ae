import { BitbudgetError } from '../../core/errors.ts';
import type { Conv2dLayer, Network, Padding, Weights } from '../types.ts';

/** Taps that a crop takes off each side, or undefined where the window cannot be cropped to that size. */
function margin({ kernel, padding, dilation }: Conv2dLayer, size: number): number | undefined {
  const each = (kernel[0] - size) / 2;
  const square = kernel[0] === kernel[1] && dilation[0] === 1 && dilation[1] === 1;
  return square && Number.isInteger(each) && each >= 0 && size >= 1 && padding.every((p) => p >= each)
    ? each
    : undefined;
}

/**
 * Whether a convolution's window can be cropped to a size without a change of the output's shape.
 *
 * @example canCrop({ op: 'conv2d', name: 'c', inputs: ['input'], outChannels: 1, kernel: [5, 5], stride: [1, 1], padding: [2, 2, 2, 2], dilation: [1, 1], groups: 1, activation: 'none', bias: false }, 3) // => true
 */
export function canCrop(layer: Conv2dLayer, size: number): boolean {
  return margin(layer, size) !== undefined;
}

/** A convolution with the middle of its window; the weights are cropped by {@link cropKernels}. */
export function cropped(layer: Conv2dLayer, size: number): Conv2dLayer {
  const each = margin(layer, size);
  if (each === undefined) {
    throw new BitbudgetError(
      'usage',
      `The ${layer.kernel.join('×')} window of "${layer.name}" cannot be cropped to ${size}×${size}.`,
      'Windows must be square, and shrink by the same number of padded pixels on every side.',
    );
  }
  const [top, right, bottom, left] = layer.padding.map((pixels) => pixels - each);
  const padding: Padding = [top, right, bottom, left];
  return { ...layer, kernel: [size, size], padding };
}

/**
 * The network with smaller windows: of each kernel named the middle stays (Cai et al., Once-for-all, ICLR 2020, without
 * its learned transforms).
 *
 * @throws {BitbudgetError} `usage` for a layer that is no convolution or a window that cannot be cropped.
 */
export function cropKernels(network: Network, kernels: ReadonlyMap<string, number>): Network {
  if (kernels.size === 0) return network;
  const weights: Weights = new Map(network.weights);
  const left = new Set(kernels.keys());
  const layers = network.layers.map((layer) => {
    const size = kernels.get(layer.name);
    if (size === undefined || layer.op !== 'conv2d') return layer;
    left.delete(layer.name);
    const values = weights.get(`${layer.name}.kernel`);
    if (values) weights.set(`${layer.name}.kernel`, cropValues(values, layer.outChannels, layer.kernel[0], size));
    if (network.quantization?.weights.has(layer.name)) {
      const problem = `"${layer.name}" has the weights of an integer model, whose windows are not cropped.`;
      throw new BitbudgetError('unsupported', problem, 'Start from the model in f32.');
    }
    return cropped(layer, size);
  });
  const [stranger] = left;
  if (stranger === undefined) return { ...network, layers, weights };
  throw new BitbudgetError(
    'usage',
    `"${stranger}" is no convolution of ${network.name}.`,
    'Crop the windows of convolutions.',
  );
}

/** [out][y][x][in] with the middle of y and x. */
function cropValues(values: Float32Array, outChannels: number, from: number, to: number): Float32Array {
  const depth = values.length / (outChannels * from * from);
  const result = new Float32Array(outChannels * to * to * depth);
  const each = (from - to) / 2;
  for (let out = 0; out < outChannels; out++) {
    for (let y = 0; y < to; y++) {
      const start = ((out * from + y + each) * from + each) * depth;
      result.set(values.subarray(start, start + to * depth), (out * to + y) * to * depth);
    }
  }
  return result;
}
