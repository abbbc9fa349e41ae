import { Random } from '../../../src/core/random.ts';
import { inferShapes } from '../../../src/network/shapes.ts';
import {
  type Activation,
  type ActivationFunction,
  type Conv2dLayer,
  INPUT,
  type Layer,
  type Network,
  type PoolLayer,
  type Shape,
} from '../../../src/network/types.ts';
import { weightLengths } from '../../../src/network/weights-file.ts';

/** Weights with batch-norm statistics that are far from neutral, so that folding has something to do. */
export function randomWeights(network: Network, seed: number): Network {
  const random = new Random(seed);
  const weights = new Map<string, Float32Array>();
  for (const [name, length] of weightLengths(network)) {
    const positive = name.endsWith('.gamma') || name.endsWith('.variance');
    weights.set(
      name,
      Float32Array.from({ length }, () => (positive ? 0.5 : -0.5) + random.real()),
    );
  }
  return { ...network, weights };
}

/** Every tensor of a network before folding, in doubles, straight from the definition of each op. */
export function runReal(network: Network, input: ArrayLike<number>): Map<string, Float64Array> {
  const shapes = inferShapes(network);
  const tensors = new Map<string, Float64Array>([[INPUT, Float64Array.from(input)]]);
  for (const layer of network.layers) {
    const inputs = layer.inputs.map((name) => tensors.get(name)!);
    tensors.set(layer.name, runLayer(network, layer, inputs, shapes.get(layer.inputs[0])!, shapes.get(layer.name)!));
  }
  return tensors;
}

function runLayer(network: Network, layer: Layer, [x, y]: Float64Array[], from: Shape, to: Shape): Float64Array {
  const part = (name: string) => network.weights.get(`${layer.name}.${name}`)!;
  const channels = to[2];
  switch (layer.op) {
    case 'conv2d':
      return convolve(layer, x, from, to, part('kernel'), layer.bias ? part('bias') : undefined).map((v) =>
        bounded(v, layer.activation),
      );
    case 'dense':
      return Float64Array.from({ length: channels }, (_, c) => {
        const sum = x.reduce((total, value, i) => total + value * part('kernel')[c * x.length + i], part('bias')[c]);
        return bounded(sum, layer.activation);
      });
    case 'batchNorm':
      return x.map((value, i) => {
        const c = i % channels;
        const deviation = Math.sqrt(part('variance')[c] + layer.epsilon);
        return ((value - part('mean')[c]) / deviation) * part('gamma')[c] + part('beta')[c];
      });
    case 'activation':
      return x.map((value) => bounded(value, layer.activation));
    case 'add':
      return x.map((value, i) => bounded(value + y[i], layer.activation));
    case 'averagePool':
      return average(layer, x, from, to);
    case 'softmax': {
      const exponentials = x.map((value) => Math.exp(value - Math.max(...x)));
      const sum = exponentials.reduce((total, e) => total + e, 0);
      return exponentials.map((e) => e / sum);
    }
    case 'globalAveragePool': {
      const pixels = from[0] * from[1];
      return Float64Array.from({ length: channels }, (_, c) => {
        let sum = 0;
        for (let pixel = 0; pixel < pixels; pixel++) sum += x[pixel * channels + c];
        return sum / pixels;
      });
    }
    default:
      throw new Error(`${layer.op} is not needed here`);
  }
}

function bounded(value: number, activation: Activation | ActivationFunction): number {
  if (activation === 'none') return value;
  if (activation === 'sigmoid') return 1 / (1 + Math.exp(-value));
  if (activation === 'hardSwish') return (value * Math.min(Math.max(value + 3, 0), 6)) / 6;
  return Math.min(Math.max(value, 0), activation === 'relu6' ? 6 : Infinity);
}

/** Each input pixel is added to the windows that hold it. */
function average(layer: PoolLayer, x: Float64Array, [height, width, channels]: Shape, [outHeight, outWidth]: Shape) {
  const sums = new Float64Array(outHeight * outWidth * channels);
  const counts = new Float64Array(outHeight * outWidth);
  for (let y = 0; y < height; y++) {
    for (let column = 0; column < width; column++) {
      for (let o = 0; o < counts.length; o++) {
        const ky = y + layer.padding[0] - Math.floor(o / outWidth) * layer.stride[0];
        const kx = column + layer.padding[3] - (o % outWidth) * layer.stride[1];
        if (ky < 0 || ky >= layer.kernel[0] || kx < 0 || kx >= layer.kernel[1]) continue;
        counts[o]++;
        for (let c = 0; c < channels; c++) sums[o * channels + c] += x[(y * width + column) * channels + c];
      }
    }
  }
  return sums.map((sum, i) => sum / counts[Math.floor(i / channels)]);
}

/** Scatters each input value to the outputs that it reaches: the other way round than the kernels do it. */
function convolve(
  layer: Conv2dLayer,
  x: Float64Array,
  [height, width, inChannels]: Shape,
  [outHeight, outWidth, outChannels]: Shape,
  kernel: Float32Array,
  bias: Float32Array | undefined,
): Float64Array {
  const inGroup = inChannels / layer.groups;
  const outGroup = outChannels / layer.groups;
  const output = Float64Array.from(
    { length: outHeight * outWidth * outChannels },
    (_, i) => bias?.[i % outChannels] ?? 0,
  );
  for (const [i, value] of x.entries()) {
    const channel = i % inChannels;
    const column = Math.floor(i / inChannels) % width;
    const row = Math.floor(i / (inChannels * width));
    if (row >= height) throw new Error('the input has more rows than its shape');
    const group = Math.floor(channel / inGroup);
    for (let ky = 0; ky < layer.kernel[0]; ky++) {
      for (let kx = 0; kx < layer.kernel[1]; kx++) {
        const oy = (row + layer.padding[0] - ky * layer.dilation[0]) / layer.stride[0];
        const ox = (column + layer.padding[3] - kx * layer.dilation[1]) / layer.stride[1];
        if (!Number.isInteger(oy) || !Number.isInteger(ox)) continue;
        if (oy < 0 || oy >= outHeight || ox < 0 || ox >= outWidth) continue;
        for (let c = group * outGroup; c < (group + 1) * outGroup; c++) {
          const weight = ((c * layer.kernel[0] + ky) * layer.kernel[1] + kx) * inGroup + (channel % inGroup);
          output[(oy * outWidth + ox) * outChannels + c] += value * kernel[weight];
        }
      }
    }
  }
  return output;
}
