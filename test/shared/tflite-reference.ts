import { inferShapes } from '../../src/network/shapes.ts';
import {
  INPUT,
  type IntegerWeights,
  type Layer,
  type Network,
  type Shape,
  type StoredFormat,
} from '../../src/network/types.ts';
import { doubleRounded, fixedPoint } from './fixed-point.ts';

/**
 * Executes layers of an imported int8 network the way TFLite's reference kernels do: signed bytes, sums in integers, two
 * roundings in fixed point. Straight from the published arithmetic; nothing is shared with our kernels.
 */
export class TfliteReference {
  private readonly network: Network;
  private readonly shapes: Map<string, Shape>;

  constructor(network: Network) {
    this.network = network;
    this.shapes = inferShapes(network);
  }

  /** Format of a tensor as unsigned bytes. */
  formatOf(tensor: string): StoredFormat {
    const layer = this.network.layers.find(({ name }) => name === tensor);
    return tensor === INPUT ? this.network.quantization!.input! : layer!.stored!;
  }

  /** The output of one layer, as unsigned bytes, from its inputs. */
  run(layer: Layer, inputs: readonly ArrayLike<number>[]): Uint8Array {
    switch (layer.op) {
      case 'conv2d':
        return this.convolve(layer, inputs[0]);
      case 'dense': {
        const kernel = this.network.quantization!.weights.get(layer.name)!;
        return Uint8Array.from({ length: layer.outChannels }, (_, c) => {
          let sum = kernel.bias[c];
          for (let i = 0; i < inputs[0].length; i++) {
            sum += (inputs[0][i] - this.formatOf(layer.inputs[0]).zeroPoint) * kernel.values[c * inputs[0].length + i];
          }
          return this.finish(layer, kernel, c, sum);
        });
      }
      case 'add':
        return this.add(layer, inputs);
      case 'averagePool':
        return this.average(layer, inputs[0]);
      default:
        throw new Error(`${layer.op} is not needed here`);
    }
  }

  private convolve(layer: Extract<Layer, { op: 'conv2d' }>, input: ArrayLike<number>): Uint8Array {
    const [height, width, channels] = this.shapes.get(layer.inputs[0])!;
    const [outHeight, outWidth, outChannels] = this.shapes.get(layer.name)!;
    const kernel = this.network.quantization!.weights.get(layer.name)!;
    const { zeroPoint } = this.formatOf(layer.inputs[0]);
    const perGroup = channels / layer.groups;
    const output = new Uint8Array(outHeight * outWidth * outChannels);
    for (let at = 0; at < output.length; at++) {
      const c = at % outChannels;
      const ox = Math.floor(at / outChannels) % outWidth;
      const oy = Math.floor(at / outChannels / outWidth);
      const first = Math.floor(c / (outChannels / layer.groups)) * perGroup;
      let sum = kernel.bias[c];
      let weight = c * layer.kernel[0] * layer.kernel[1] * perGroup;
      for (let ky = 0; ky < layer.kernel[0]; ky++) {
        for (let kx = 0; kx < layer.kernel[1]; kx++, weight += perGroup) {
          const y = oy * layer.stride[0] + ky * layer.dilation[0] - layer.padding[0];
          const x = ox * layer.stride[1] + kx * layer.dilation[1] - layer.padding[3];
          if (y < 0 || y >= height || x < 0 || x >= width) continue;
          const pixel = (y * width + x) * channels + first;
          for (let i = 0; i < perGroup; i++) sum += (input[pixel + i] - zeroPoint) * kernel.values[weight + i];
        }
      }
      output[at] = this.finish(layer, kernel, c, sum);
    }
    return output;
  }

  private finish(layer: Layer, { scales, inputScale }: IntegerWeights, channel: number, sum: number): number {
    const { multiplier, shift } = fixedPoint((inputScale * scales[channel]) / layer.stored!.scale);
    return this.clamp(layer, doubleRounded(sum, multiplier, shift) + layer.stored!.zeroPoint);
  }

  /** Both operands are brought to half the larger scale with 20 bits more, added, and brought to the output. */
  private add(layer: Layer, [a, b]: readonly ArrayLike<number>[]): Uint8Array {
    const [first, second] = layer.inputs.map((name) => this.formatOf(name));
    const half = 2 * Math.max(first.scale, second.scale);
    const scaled = (q: number, format: StoredFormat) => {
      const { multiplier, shift } = fixedPoint(format.scale / half);
      return doubleRounded((q - format.zeroPoint) * 2 ** 20, multiplier, shift);
    };
    const { multiplier, shift } = fixedPoint(half / (2 ** 20 * layer.stored!.scale));
    return Uint8Array.from({ length: a.length }, (_, i) => {
      const sum = scaled(a[i], first) + scaled(b[i], second);
      return this.clamp(layer, doubleRounded(sum, multiplier, shift) + layer.stored!.zeroPoint);
    });
  }

  /** The mean of signed bytes, halves away from zero. */
  private average(layer: Extract<Layer, { op: 'averagePool' | 'maxPool' }>, input: ArrayLike<number>): Uint8Array {
    const [height, width, channels] = this.shapes.get(layer.inputs[0])!;
    const [outHeight, outWidth] = this.shapes.get(layer.name)!;
    return Uint8Array.from({ length: outHeight * outWidth * channels }, (_, at) => {
      const pixel = Math.floor(at / channels);
      let [sum, count] = [0, 0];
      for (let ky = 0; ky < layer.kernel[0]; ky++) {
        for (let kx = 0; kx < layer.kernel[1]; kx++) {
          const y = Math.floor(pixel / outWidth) * layer.stride[0] + ky - layer.padding[0];
          const x = (pixel % outWidth) * layer.stride[1] + kx - layer.padding[3];
          if (y < 0 || y >= height || x < 0 || x >= width) continue;
          sum += input[(y * width + x) * channels + (at % channels)] - 128;
          count++;
        }
      }
      return Math.trunc((sum + (sum > 0 ? count : -count) / 2) / count) + 128;
    });
  }

  private clamp(layer: Layer, q: number): number {
    const { scale, zeroPoint } = layer.stored!;
    const activation = 'activation' in layer ? layer.activation : 'none';
    const low = activation === 'none' ? 0 : zeroPoint;
    const high = activation === 'relu6' ? Math.min(255, zeroPoint + Math.round(6 / scale)) : 255;
    return Math.min(Math.max(q, low), high);
  }
}
