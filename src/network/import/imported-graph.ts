import { consumersOf, layerOutputShape } from '../shapes.ts';
import {
  type Activation,
  type ActivationFunction,
  INPUT,
  type IntegerWeights,
  type Layer,
  type Network,
  type Padding,
  type Pair,
  type Preprocessing,
  type Shape,
  type StoredFormat,
} from '../types.ts';
import { outputSize } from '../workload.ts';
import { damagedModel, printable, unsupportedLayer } from './failures.ts';
import { type ImportedWeights, WeightStore } from './imported-weights.ts';
import { assertCount, countElements, LIMITS } from './limits.ts';

/** A tensor of the network under construction, with zeros around it that the next layer is to take in. */
export interface Tensor {
  name: string;
  padding?: Padding;
}

export interface Window {
  kernel: Pair;
  stride: Pair;
  padding: Padding;
  dilation: Pair;
}

/** The identity in integers: 127 times 1/127. */
const ONE = { value: 127, scale: 1 / 127 };

/**
 * Puts a network together on behalf of an importer: unique names, shapes as they come up, weights as reals beside a model's
 * own integers, and padding that waits for the layer that takes it in.
 */
export class ImportedGraph {
  readonly source: string;
  readonly inputShape: Shape;
  /** The format of the network's input, once it is known to be of integers. */
  inputFormat: StoredFormat | undefined;
  private readonly layers: Layer[] = [];
  private readonly byName = new Map<string, Layer>();
  private readonly shapes = new Map<string, Shape>();
  private readonly weights: WeightStore;
  /** How many layers have asked for a name already. */
  private readonly namesakes = new Map<string, number>();

  /**
   * @param source name of the file, for errors.
   * @param fileBytes its size, which bounds what its layers may hold together.
   */
  constructor(source: string, inputShape: Shape, fileBytes: number) {
    this.source = source;
    this.weights = new WeightStore(source, fileBytes);
    this.inputShape = inputShape;
    countElements(source, inputShape);
    this.shapes.set(INPUT, inputShape);
  }

  /** Height, width and channels, pending padding not counted. */
  shapeOf({ name }: Tensor): Shape {
    return this.shapes.get(name)!;
  }

  /** Adds a layer under a name of its own; the given one is made unique and fit for tables. */
  push(layer: Layer): Tensor {
    assertCount(this.source, 'layers', this.layers.length + 1, LIMITS.layers);
    const name = this.freeName(layer.name);
    const named = { ...layer, name };
    const inputs = named.inputs.map((input) => this.shapes.get(input)!);
    const shape = layerOutputShape(named, inputs);
    countElements(this.source, shape);
    this.layers.push(named);
    this.byName.set(name, named);
    this.shapes.set(name, shape);
    return { name };
  }

  convolution(
    name: string,
    input: Tensor,
    window: Window,
    options: { outChannels: number; groups: number; activation: Activation; weights: ImportedWeights },
  ): Tensor {
    const { outChannels, groups, activation, weights } = options;
    const own = window.padding;
    const around = input.padding ?? [0, 0, 0, 0];
    const padding: Padding = [own[0] + around[0], own[1] + around[1], own[2] + around[2], own[3] + around[3]];
    const [height, width, channels] = this.shapeOf(input);
    const perChannel = window.kernel[0] * window.kernel[1] * (channels / groups);
    const [outHeight, outWidth] = outputSize({ ...window, padding, height, width });
    if (outHeight * outWidth * outChannels * perChannel > LIMITS.macs) {
      throw damagedModel(this.source, `holds layer "${printable(name)}" with more than 2^44 multiply-accumulates`);
    }
    this.weights.assertLength(name, weights, perChannel * outChannels);
    this.weights.reserve(name, perChannel * outChannels);
    const layer: Layer = {
      ...{ op: 'conv2d', name, inputs: [input.name], outChannels, groups, activation, ...window, padding },
      ...weightFields(weights),
    };
    return this.pushWeighted(layer, weights);
  }

  dense(name: string, input: Tensor, outChannels: number, activation: Activation, weights: ImportedWeights): Tensor {
    const plain = this.plain(input);
    const [height, width, channels] = this.shapeOf(plain);
    this.weights.assertLength(name, weights, height * width * channels * outChannels);
    this.weights.reserve(name, height * width * channels * outChannels);
    const layer: Layer = { op: 'dense', name, inputs: [plain.name], outChannels, activation, ...weightFields(weights) };
    return this.pushWeighted(layer, weights);
  }

  /** x·scale[c] + shift[c]; one value stands for all channels. Folded into the layer before it where that is possible. */
  scaleAndShift(name: string, input: Tensor, scale: Float32Array, shift: Float32Array): Tensor {
    const plain = this.plain(input);
    const [, , channels] = this.shapeOf(plain);
    const spread = (values: Float32Array) =>
      values.length === 1 ? new Float32Array(channels).fill(values[0]) : values;
    if ([scale, shift].some(({ length }) => length !== 1 && length !== channels)) {
      const place = { source: this.source, op: 'arithmetic', layer: name };
      const problem = `has ${Math.max(scale.length, shift.length)} constants for ${channels} channels`;
      throw unsupportedLayer(place, problem, 'Export the model with constants that are one, or one a channel.');
    }
    this.weights.reserve(name, 4 * channels);
    const [mean, variance] = [new Float32Array(channels), new Float32Array(channels).fill(1)];
    return this.batchNorm(name, plain, 0, { gamma: spread(scale), beta: spread(shift), mean, variance });
  }

  batchNorm(
    name: string,
    input: Tensor,
    epsilon: number,
    parts: Record<'gamma' | 'beta' | 'mean' | 'variance', Float32Array>,
  ): Tensor {
    const plain = this.plain(input);
    const [, , channels] = this.shapeOf(plain);
    const tensor = this.push({ op: 'batchNorm', name, inputs: [plain.name], epsilon });
    for (const [part, values] of Object.entries(parts)) {
      if (values.length !== channels) {
        throw damagedModel(
          this.source,
          `holds layer "${printable(name)}" with ${values.length} values for ${channels} channels`,
        );
      }
      this.weights.keepPart(tensor.name, part, values);
    }
    if (!parts.variance.every((variance) => variance + epsilon > 0)) {
      throw damagedModel(this.source, `holds layer "${printable(name)}" with a variance that is not positive`);
    }
    return tensor;
  }

  /** A layer without weights that reads one tensor as it is. */
  unary(input: Tensor, layer: Layer): Tensor {
    return this.push({ ...layer, inputs: [this.plain(input).name] });
  }

  activation(name: string, input: Tensor, activation: ActivationFunction, stored?: StoredFormat): Tensor {
    return this.unary(input, { op: 'activation', name, inputs: [], activation, ...(stored && { stored }) });
  }

  /** The sum or the joined channels of two tensors or more. */
  join(
    name: string,
    inputs: readonly Tensor[],
    op: 'add' | 'concat',
    stored?: StoredFormat,
    activation: Activation = 'none',
  ): Tensor {
    return inputs
      .map((input) => this.plain(input))
      .reduce((a, b) => {
        const base = { name, inputs: [a.name, b.name], ...(stored && { stored }) };
        return this.push(op === 'add' ? { ...base, op, activation } : { ...base, op });
      });
  }

  pool(
    name: string,
    input: Tensor,
    op: 'averagePool' | 'maxPool',
    window: Omit<Window, 'dilation'>,
    stored?: StoredFormat,
  ) {
    const taken = op === 'maxPool' && this.isRectified(input) ? (input.padding ?? [0, 0, 0, 0]) : undefined;
    const padding: Padding = [0, 1, 2, 3].map(
      (side) => window.padding[side] + (taken?.[side] ?? 0),
    ) as unknown as Padding;
    const touches =
      Math.max(padding[0], padding[2]) < window.kernel[0] && Math.max(padding[1], padding[3]) < window.kernel[1];
    const reads = taken && touches ? { name: input.name } : input;
    const { kernel, stride } = window;
    const own = reads === input ? window.padding : padding;
    return this.unary(reads, { op, name, inputs: [], kernel, stride, padding: own, ...(stored && { stored }) });
  }

  /** An average that counts its padding: a depthwise convolution with equal weights. */
  countingAverage(name: string, input: Tensor, window: Window, stored?: StoredFormat): Tensor {
    const [, , channels] = this.shapeOf(input);
    const taps = window.kernel[0] * window.kernel[1];
    return this.depthwiseConstant(name, input, window, { channels, factor: 1 / taps }, stored);
  }

  /** The same elements under another shape. */
  reshape(name: string, input: Tensor, shape: Shape, stored?: StoredFormat): Tensor {
    const plain = this.plain(input);
    if (this.shapeOf(plain).every((size, axis) => size === shape[axis]) && !stored) return plain;
    const flat = shape[0] === 1 && shape[1] === 1;
    const base = { name, inputs: [plain.name], ...(stored && { stored }) };
    return this.push(flat ? { ...base, op: 'flatten' } : { ...base, op: 'reshape', shape });
  }

  /** Rounds a tensor to a model's own 8-bit format. */
  quantize(name: string, input: Tensor, format: StoredFormat): Tensor {
    const known = this.formatOf(input);
    const same = known?.scale === format.scale && known.zeroPoint === format.zeroPoint;
    if (same) return input;
    if (input.name === INPUT && !input.padding && !known) {
      this.inputFormat = format;
      return input;
    }
    const plain = this.plain(input);
    return this.push({ op: 'reshape', name, inputs: [plain.name], shape: this.shapeOf(plain), stored: format });
  }

  /** Zeros around a tensor; nothing is done before a layer reads it. */
  pad(input: Tensor, padding: Padding): Tensor {
    const around = input.padding ?? [0, 0, 0, 0];
    return {
      name: input.name,
      padding: [0, 1, 2, 3].map((side) => around[side] + padding[side]) as unknown as Padding,
    };
  }

  /** Channels of zeros before and behind a tensor's own. */
  padChannels(name: string, input: Tensor, channelsBefore: number, channelsAfter: number): Tensor {
    const stored = this.formatOf(input);
    const base = { name, inputs: [], stride: [1, 1] as Pair, channelsBefore, channelsAfter };
    return this.unary(input, { op: 'subsample', ...base, ...(stored && { stored }) });
  }

  /** A tensor without pending padding: where a layer cannot take it in, a depthwise convolution of ones writes it out. */
  plain(input: Tensor): Tensor {
    const { name, padding } = input;
    if (!padding?.some((size) => size > 0)) return { name };
    const window: Window = { kernel: [1, 1], stride: [1, 1], padding: [0, 0, 0, 0], dilation: [1, 1] };
    const channels = this.shapeOf(input)[2];
    return this.depthwiseConstant(`${name}.pad`, input, window, { channels, factor: 1 }, this.formatOf(input));
  }

  /** The format that the model prescribes for a tensor. */
  formatOf({ name }: Tensor): StoredFormat | undefined {
    return name === INPUT ? this.inputFormat : this.byName.get(name)?.stored;
  }

  /**
   * The network, without the layers that its output does not depend on.
   *
   * @throws {BitbudgetError} `unsupported` if nothing is left.
   */
  finish(name: string, output: Tensor, preprocessing: Preprocessing): Network {
    let last = this.plain(output).name;
    if (last === INPUT)
      last = this.push({ op: 'reshape', name: 'identity', inputs: [INPUT], shape: this.inputShape }).name;
    const needed = new Set<string>([last]);
    for (const layer of [...this.layers].reverse())
      if (needed.has(layer.name)) for (const input of layer.inputs) needed.add(input);
    const used = this.layers.filter((layer) => needed.has(layer.name));
    // the output is what the last layer writes
    const layers = [...used.filter((layer) => layer.name !== last), this.byName.get(last)!];
    const kept = new Set(layers.map((layer) => layer.name));
    const ofKept = (key: string) => kept.has(key.slice(0, key.lastIndexOf('.')));
    const weights = new Map([...this.weights.reals].filter(([key]) => ofKept(key)));
    const input = this.inputFormat;
    const integers = new Map([...this.weights.integers].filter(([key]) => kept.has(key)));
    const network: Network = { name, inputShape: this.inputShape, preprocessing, layers, weights };
    if (input || integers.size > 0) network.quantization = { ...(input && { input }), weights: integers };
    return withReshapedInput(network);
  }

  /** A depthwise convolution whose weights are the same at every tap, in integers where the tensor has a format. */
  private depthwiseConstant(
    name: string,
    input: Tensor,
    window: Window,
    { channels, factor }: { channels: number; factor: number },
    stored: StoredFormat | undefined,
  ): Tensor {
    const length = channels * window.kernel[0] * window.kernel[1];
    this.weights.reserve(name, length);
    const format = this.formatOf(input);
    const options = { outChannels: channels, groups: channels, activation: 'none' as const };
    if (!stored || !format) {
      const kernel = new Float32Array(length).fill(factor);
      return this.convolution(name, input, window, { ...options, weights: { kernel } });
    }
    const integers: IntegerWeights = {
      values: new Int8Array(length).fill(ONE.value),
      scales: new Float64Array(channels).fill(factor * ONE.scale),
      bias: new Int32Array(channels),
      inputScale: format.scale,
    };
    return this.convolution(name, input, window, { ...options, weights: { integers, format: stored } });
  }

  private isRectified({ name }: Tensor): boolean {
    const layer = this.byName.get(name);
    return (
      layer !== undefined && 'activation' in layer && (layer.activation === 'relu' || layer.activation === 'relu6')
    );
  }

  private pushWeighted(layer: Layer, weights: ImportedWeights): Tensor {
    const tensor = this.push(layer);
    this.weights.keep(tensor.name, weights);
    return tensor;
  }

  private freeName(wanted: string): string {
    const base = printable(wanted.split(';')[0]).replace(/#/g, '.').replace(/^$/, 'layer').slice(0, 100);
    if (base !== INPUT && !this.byName.has(base)) return base;
    // counting on from the last namesake: looking from the start each time would take a hostile file hours
    for (let i = this.namesakes.get(base) ?? 2; ; i++) {
      if (this.byName.has(`${base}_${i}`)) continue;
      this.namesakes.set(base, i + 1);
      return `${base}_${i}`;
    }
  }
}

function weightFields(weights: ImportedWeights): { bias: boolean; stored?: StoredFormat } {
  return 'kernel' in weights
    ? { bias: weights.bias !== undefined }
    : { bias: true, ...(weights.format && { stored: weights.format }) };
}

/** Where a model begins by reshaping its input, the network takes the input in that shape. */
function withReshapedInput(network: Network): Network {
  const [first, ...rest] = network.layers;
  const reshapes = first.op === 'reshape' || first.op === 'flatten';
  const readers = consumersOf(network.layers).get(INPUT) ?? [];
  if (!reshapes || first.stored || readers.length > 1 || rest.length === 0) return network;
  const inputShape = layerOutputShape(first, [network.inputShape]);
  const layers = rest.map((layer) => ({
    ...layer,
    inputs: layer.inputs.map((name) => (name === first.name ? INPUT : name)),
  }));
  return { ...network, inputShape, layers };
}
