import { layerOutputShape } from './shapes.ts';
import type { Activation, Layer, Network, Padding, Pair, Preprocessing, Shape } from './types.ts';
import { INPUT } from './types.ts';

interface ConvolutionOptions {
  /** A number stands for a square. */
  kernel: number | Pair;
  stride?: number;
  /** `same` follows TensorFlow: the odd pixel goes to the bottom and the right. A number pads all four sides. */
  padding: 'same' | number;
  /** Distance between the taps of the window; 1 unless given. */
  dilation?: number;
  bias?: boolean;
}

/** Adds layers one after the other and remembers what was last produced; the zoo's builders read like the paper's tables. */
export class NetworkBuilder {
  readonly layers: Layer[] = [];
  private current: string = INPUT;
  private readonly sizes = new Map<string, Shape>();

  private readonly name: string;
  private readonly inputShape: Shape;
  private readonly preprocessing: Preprocessing;

  constructor(name: string, inputShape: Shape, preprocessing: Preprocessing) {
    this.name = name;
    this.inputShape = inputShape;
    this.preprocessing = preprocessing;
    this.sizes.set(INPUT, inputShape);
  }

  /** The tensor that the next layer will read. */
  get tensor(): string {
    return this.current;
  }

  /** Continues from an earlier tensor: the start of a branch. */
  from(tensor: string): this {
    this.current = tensor;
    return this;
  }

  shape(tensor: string = this.current): Shape {
    return this.sizes.get(tensor)!;
  }

  convolution(name: string, outChannels: number, options: ConvolutionOptions & { groups?: number }): this {
    const { stride = 1, dilation = 1, bias = false, groups = 1 } = options;
    const kernel: Pair = typeof options.kernel === 'number' ? [options.kernel, options.kernel] : options.kernel;
    const [height, width] = this.shape();
    const along = (size: number, taps: number): Pair => {
      if (options.padding !== 'same') return [options.padding, options.padding];
      const window = (taps - 1) * dilation + 1;
      const total = Math.max((Math.ceil(size / stride) - 1) * stride + window - size, 0);
      return [total >> 1, total - (total >> 1)];
    };
    const [[top, bottom], [left, right]] = [along(height, kernel[0]), along(width, kernel[1])];
    const padding: Padding = [top, right, bottom, left];
    return this.push({
      op: 'conv2d',
      name,
      inputs: [this.current],
      outChannels,
      kernel,
      stride: [stride, stride],
      padding,
      dilation: [dilation, dilation],
      groups,
      activation: 'none',
      bias,
    });
  }

  /** A convolution of every channel by itself. */
  depthwise(name: string, options: ConvolutionOptions): this {
    const [, , channels] = this.shape();
    return this.convolution(name, channels, { ...options, groups: channels });
  }

  batchNorm(name: string, epsilon: number): this {
    return this.push({ op: 'batchNorm', name, inputs: [this.current], epsilon });
  }

  activation(name: string, activation: Exclude<Activation, 'none'>): this {
    return this.push({ op: 'activation', name, inputs: [this.current], activation });
  }

  add(name: string, other: string): this {
    return this.push({ op: 'add', name, inputs: [this.current, other], activation: 'none' });
  }

  subsample(name: string, stride: number, channelsBefore: number, channelsAfter: number): this {
    const inputs = [this.current];
    return this.push({ op: 'subsample', name, inputs, stride: [stride, stride], channelsBefore, channelsAfter });
  }

  globalAveragePool(name: string): this {
    return this.push({ op: 'globalAveragePool', name, inputs: [this.current] });
  }

  dense(name: string, outChannels: number): this {
    return this.push({ op: 'dense', name, inputs: [this.current], outChannels, activation: 'none', bias: true });
  }

  /** The finished graph, still without weights. */
  build(): Network {
    return {
      name: this.name,
      inputShape: this.inputShape,
      preprocessing: this.preprocessing,
      layers: this.layers,
      weights: new Map(),
    };
  }

  private push(layer: Layer): this {
    this.layers.push(layer);
    const inputs = layer.inputs.map((name) => this.shape(name));
    this.sizes.set(layer.name, layerOutputShape(layer, inputs));
    this.current = layer.name;
    return this;
  }
}
