import { BitbudgetError } from '../../core/errors.ts';
import { inferShapes } from '../shapes.ts';
import type { Conv2dLayer, DenseLayer, IntegerWeights, Layer, Network, Weights } from '../types.ts';
import { type ChannelClasses, channelClasses, isDepthwise } from './channel-classes.ts';

/** Output channels that stay, ascending, by layer; a layer that is not named keeps what its neighbours leave it. */
export type KeptChannels = ReadonlyMap<string, readonly number[]>;

/**
 * The network without the removed channels: kernels lose rows and columns, batch norm its entries, what reads a removed
 * channel no longer does. Channels that are added up stay or go together. The result computes what the whole network
 * computes with those channels at zero, with less memory and time.
 *
 * @param network unfolded or folded, with or without weights.
 * @throws {BitbudgetError} `usage` for an unknown layer or channel, a layer that is emptied, channels that have to stay
 * (the network's input and output, grouped convolutions) or layers that are added up and keep different channels.
 * @example slimNetwork({ name: 'n', inputShape: [1, 1, 1], preprocessing: { mean: [0], std: [1] }, layers: [], weights: new Map() }, new Map()).layers // => []
 */
export function slimNetwork(network: Network, keptChannels: KeptChannels): Network {
  const keptOf = keptByTensor(network, keptChannels);
  const shapes = inferShapes(network);
  const layers = network.layers.map((layer) =>
    slimLayer(layer, shapes.get(layer.inputs[0])![2], keptOf(layer.inputs[0]), keptOf(layer.name)),
  );
  const weights: Weights = new Map(network.weights);
  const quantization = network.quantization && {
    ...network.quantization,
    weights: new Map(network.quantization.weights),
  };
  if (weights.size > 0) {
    for (const layer of network.layers) {
      const [height, width, channels] = shapes.get(layer.inputs[0])!;
      const outputs = keptOf(layer.name);
      const whole = outputs.length === shapes.get(layer.name)![2];
      const inputs = keptOf(layer.inputs[0]);
      if (whole && inputs.length === channels) continue;
      const pixels = layer.op === 'dense' ? height * width : 1;
      const selection = { inputs: flattened(inputs, channels, pixels), outputs, channels: channels * pixels };
      slimWeights(layer, weights, selection);
      const integers = quantization?.weights.get(layer.name);
      if (integers) quantization!.weights.set(layer.name, slimIntegers(layer, integers, selection));
    }
  }
  return { ...network, layers, weights, ...(quantization && { quantization }) };
}

/**
 * The channels of each tensor that stay, in order; checks that they fit together.
 *
 * @throws {BitbudgetError} `usage`, as {@link slimNetwork} does.
 */
export function keptByTensor(
  network: Pick<Network, 'inputShape' | 'layers'>,
  keptChannels: KeptChannels,
): (tensor: string) => readonly number[] {
  const classes = channelClasses(network);
  const removed = removedClasses(network, classes, keptChannels);
  const kept = new Map<string, readonly number[]>();
  return (tensor) => {
    let channels = kept.get(tensor);
    if (!channels) {
      const own = classes.of.get(tensor)!;
      channels = Array.from(own.keys()).filter((channel) => !removed[own[channel]]);
      if (channels.length === 0) {
        throw refused(`Nothing of "${tensor}" would be left.`, 'Keep at least one channel of every layer.');
      }
      kept.set(tensor, channels);
    }
    return channels;
  };
}

function removedClasses(
  network: Pick<Network, 'layers'>,
  classes: ChannelClasses,
  keptChannels: KeptChannels,
): Uint8Array {
  const weighted = new Set(network.layers.filter(({ op }) => op === 'conv2d' || op === 'dense').map((l) => l.name));
  const removed = new Uint8Array(classes.count);
  for (const [layer, channels] of keptChannels) {
    const own = classes.of.get(layer);
    if (!own || !weighted.has(layer)) {
      throw refused(`There is no layer with weights named "${layer}".`, 'Name the layers as `bitbudget inspect` does.');
    }
    const ascending = channels.every((channel, i) => Number.isInteger(channel) && channel > (channels[i - 1] ?? -1));
    if (!ascending || channels.length === 0 || channels[channels.length - 1] >= own.length) {
      const problem = `Layer "${layer}" cannot keep the channels ${brief(channels)}.`;
      throw refused(problem, `Give at least one of 0 to ${own.length - 1}, ascending and each once.`);
    }
    const stays = new Set(channels);
    for (const [channel, number] of own.entries()) if (!stays.has(channel)) removed[number] = 1;
  }
  for (const [layer, channels] of keptChannels) {
    const own = classes.of.get(layer)!;
    const lost = channels.find((channel) => removed[own[channel]]);
    if (lost === undefined) continue;
    const problem = `Layer "${layer}" keeps channel ${lost}, which a layer that is added to it removes.`;
    throw refused(problem, 'Keep the same channels of all layers whose outputs are added.');
  }
  const held = removed.findIndex((value, number) => value === 1 && classes.fixed[number] === 1);
  if (held >= 0) {
    const [tensor] = [...classes.of].find(([, own]) => own.includes(held))!;
    throw refused(
      `Channels of "${tensor}" cannot be removed.`,
      "The network's input and output and grouped convolutions stay whole.",
    );
  }
  return removed;
}

function refused(problem: string, remedy: string): BitbudgetError {
  return new BitbudgetError('usage', problem, remedy);
}

function brief(channels: readonly number[]): string {
  return `[${channels.slice(0, 8).join(', ')}${channels.length > 8 ? ', …' : ''}]`;
}

function slimLayer(layer: Layer, channels: number, inputs: readonly number[], outputs: readonly number[]): Layer {
  switch (layer.op) {
    case 'conv2d':
      return {
        ...layer,
        outChannels: outputs.length,
        groups: isDepthwise(layer, channels) ? inputs.length : layer.groups,
      };
    case 'dense':
      return { ...layer, outChannels: outputs.length };
    case 'subsample': {
      const channelsBefore = outputs.filter((channel) => channel < layer.channelsBefore).length;
      return { ...layer, channelsBefore, channelsAfter: outputs.length - channelsBefore - inputs.length };
    }
    case 'reshape':
      return { ...layer, shape: [layer.shape[0], layer.shape[1], outputs.length] };
    default:
      return layer;
  }
}

/** Positions of kept channels in a flattened tensor of so many pixels. */
function flattened(inputs: readonly number[], channels: number, pixels: number): readonly number[] {
  if (pixels === 1) return inputs;
  return Array.from({ length: pixels }, (_, pixel) => inputs.map((channel) => pixel * channels + channel)).flat();
}

interface Selection {
  /** Kept inputs, counted through the whole flattened input of a dense layer. */
  inputs: readonly number[];
  outputs: readonly number[];
  /** How many inputs there were. */
  channels: number;
}

function slimWeights(layer: Layer, weights: Weights, selection: Selection): void {
  const change = (part: string, select: (values: Float32Array) => Float32Array) => {
    const values = weights.get(`${layer.name}.${part}`);
    if (values) weights.set(`${layer.name}.${part}`, select(values));
  };
  const pick = (values: Float32Array) => Float32Array.from(selection.outputs, (channel) => values[channel]);
  if (layer.op === 'batchNorm') for (const part of ['gamma', 'beta', 'mean', 'variance']) change(part, pick);
  if (layer.op !== 'conv2d' && layer.op !== 'dense') return;
  change('kernel', (values) => slimKernel(layer, values, selection, (length) => new Float32Array(length)));
  change('bias', pick);
}

/** An imported integer model's own numbers; its bias counts no zero points, so that it stays as it is. */
function slimIntegers(layer: Layer, integers: IntegerWeights, selection: Selection): IntegerWeights {
  const { values, scales, bias, inputScale } = integers;
  if (layer.op !== 'conv2d' && layer.op !== 'dense') return integers;
  return {
    values: slimKernel(layer, values, selection, (length) => new Int8Array(length)),
    scales: Float64Array.from(selection.outputs, (channel) => scales[channel]),
    bias: Int32Array.from(selection.outputs, (channel) => bias[channel]),
    inputScale,
  };
}

/** [out][tap][in] with some rows and columns; of a grouped convolution rows alone. */
function slimKernel<Values extends Float32Array | Int8Array>(
  layer: Conv2dLayer | DenseLayer,
  values: Values,
  { inputs, outputs, channels }: Selection,
  create: (length: number) => Values,
): Values {
  const taps = layer.op === 'conv2d' ? layer.kernel[0] * layer.kernel[1] : 1;
  const groups = layer.op === 'conv2d' ? layer.groups : 1;
  const width = channels / groups;
  const columns = groups > 1 ? Array.from({ length: width }, (_, column) => column) : inputs;
  const selected = create(outputs.length * taps * columns.length);
  let at = 0;
  for (const out of outputs) {
    for (let tap = 0; tap < taps; tap++) {
      const start = (out * taps + tap) * width;
      for (const column of columns) selected[at++] = values[start + column];
    }
  }
  return selected;
}
