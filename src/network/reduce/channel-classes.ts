import { assert } from '../../core/errors.ts';
import { inferShapes } from '../shapes.ts';
import { INPUT, type Layer, type Network, type Shape } from '../types.ts';
import { shortcutName } from './shortcuts.ts';

type Graph = Pick<Network, 'inputShape' | 'layers'>;

/**
 * Which channels can only be kept or removed together: a channel keeps its class through normalisation, activations,
 * pools and depthwise convolutions, and an addition makes one class of the channels that it adds. A class is removed by
 * removing the output channels that produce it and the input channels that read it.
 */
export interface ChannelClasses {
  /** By tensor: the class of each of its channels. */
  readonly of: ReadonlyMap<string, Int32Array>;
  readonly count: number;
  /** 1 for classes that have to stay: the network's input and output, and what a grouped convolution mixes. */
  readonly fixed: Uint8Array;
}

/** Tensors that share classes: they are as wide as each other wherever they meet. */
export interface ChannelGroup {
  /** The first layer with weights that produces these channels, inserted shortcuts aside. */
  readonly name: string;
  /** All layers with weights that produce them, in execution order; depthwise convolutions pass them on. */
  readonly layers: readonly string[];
  /** Classes that may be removed, ordered by channel of the group's widest tensor. */
  readonly classes: readonly number[];
  /** All tensors of the group. */
  readonly tensors: readonly string[];
}

/** Disjoint sets with path halving. */
class DisjointSets {
  private readonly parent: Int32Array;

  constructor(count: number) {
    this.parent = new Int32Array(count);
    for (let i = 0; i < count; i++) this.parent[i] = i;
  }

  find(element: number): number {
    const { parent } = this;
    let root = element;
    while (parent[root] !== root) {
      parent[root] = parent[parent[root]];
      root = parent[root];
    }
    return root;
  }

  join(a: number, b: number): void {
    const [first, second] = [this.find(a), this.find(b)];
    this.parent[Math.max(first, second)] = Math.min(first, second);
  }
}

/** Whether a convolution treats every input channel by itself. */
export function isDepthwise(layer: Layer, inChannels: number): boolean {
  return layer.op === 'conv2d' && layer.groups > 1 && layer.groups === inChannels;
}

/**
 * The classes of all channels of a network.
 *
 * @param network unfolded or folded.
 * @example channelClasses({ inputShape: [1, 1, 2], layers: [] }).fixed // => new Uint8Array([1, 1])
 */
export function channelClasses(network: Graph): ChannelClasses {
  let classes = KNOWN.get(network.layers);
  if (!classes) KNOWN.set(network.layers, (classes = findClasses(network)));
  return classes;
}

/** A network's layers are never changed, and one network is reduced many times. */
const KNOWN = new WeakMap<object, ChannelClasses>();

function findClasses(network: Graph): ChannelClasses {
  const shapes = inferShapes(network);
  const starts = new Map<string, number>();
  let elements = 0;
  for (const [tensor, [, , channels]] of shapes) {
    starts.set(tensor, elements);
    elements += channels;
  }
  const sets = new DisjointSets(elements);
  const held: string[] = [INPUT];
  for (const layer of network.layers) tie(layer, shapes, starts, sets, held);
  const last = network.layers.at(-1);
  if (last) held.push(last.name);

  const numbers = new Int32Array(elements).fill(-1);
  let count = 0;
  const of = new Map<string, Int32Array>();
  for (const [tensor, [, , channels]] of shapes) {
    const start = starts.get(tensor)!;
    const own = new Int32Array(channels);
    for (let channel = 0; channel < channels; channel++) {
      const root = sets.find(start + channel);
      if (numbers[root] < 0) numbers[root] = count++;
      own[channel] = numbers[root];
    }
    of.set(tensor, own);
  }
  const fixed = new Uint8Array(count);
  for (const tensor of held) for (const number of of.get(tensor)!) fixed[number] = 1;
  return { of, count, fixed };
}

/** Joins what a layer ties, and lists the tensors that it holds as they are. */
function tie(
  layer: Layer,
  shapes: ReadonlyMap<string, Shape>,
  starts: ReadonlyMap<string, number>,
  sets: DisjointSets,
  held: string[],
): void {
  const source = starts.get(layer.inputs[0])!;
  const target = starts.get(layer.name)!;
  const [height, width, channels] = shapes.get(layer.inputs[0])!;
  const outChannels = shapes.get(layer.name)![2];
  const passOn = (from: number) => {
    for (let channel = 0; channel < outChannels; channel++) sets.join(target + channel, from + channel);
  };
  switch (layer.op) {
    case 'batchNorm':
    case 'averagePool':
    case 'maxPool':
    case 'globalAveragePool':
      passOn(source);
      return;
    case 'activation':
      passOn(source);
      if (layer.activation === 'sigmoid') held.push(layer.name); // makes a half of a zero
      return;
    case 'concat':
      for (let channel = 0; channel < channels; channel++) sets.join(target + channel, source + channel);
      for (let channel = channels; channel < outChannels; channel++) {
        sets.join(target + channel, starts.get(layer.inputs[1])! + channel - channels);
      }
      return;
    case 'add':
      passOn(source);
      passOn(starts.get(layer.inputs[1])!);
      return;
    case 'conv2d':
      if (layer.inputs.length > 1) passOn(starts.get(layer.inputs[1])!);
      if (isDepthwise(layer, channels)) {
        const each = outChannels / channels;
        for (let out = 0; out < outChannels; out++) sets.join(target + out, source + Math.floor(out / each));
      } else if (layer.groups > 1) {
        held.push(layer.inputs[0], layer.name);
      }
      return;
    case 'subsample':
      for (let channel = 0; channel < channels; channel++) {
        sets.join(target + layer.channelsBefore + channel, source + channel);
      }
      return;
    case 'flatten':
    case 'reshape':
      for (let i = 0; i < height * width * channels; i++)
        sets.join(target + (i % outChannels), source + (i % channels));
      return;
    case 'dense':
      return;
    default:
      held.push(...layer.inputs, layer.name);
  }
}

/**
 * The groups of channels that can be removed, in execution order of their first producer.
 *
 * @example channelGroups({ inputShape: [1, 1, 2], layers: [] }) // => []
 */
export function channelGroups(network: Graph, classes: ChannelClasses = channelClasses(network)): ChannelGroup[] {
  const sets = new DisjointSets(classes.count);
  for (const [, own] of classes.of) for (const number of own) sets.join(own[0], number);
  const tensors = new Map<number, string[]>();
  for (const [tensor, own] of classes.of) {
    const root = sets.find(own[0]);
    tensors.set(root, [...(tensors.get(root) ?? []), tensor]);
  }
  const shapes = inferShapes(network);
  const producers = network.layers.filter(
    (layer) => layer.op === 'dense' || (layer.op === 'conv2d' && !isDepthwise(layer, shapes.get(layer.inputs[0])![2])),
  );
  const inserted = new Set(network.layers.filter(({ op }) => op === 'add').map(({ name }) => shortcutName(name)));
  const groups = new Map<number, string[]>();
  for (const { name } of producers) {
    const root = sets.find(classes.of.get(name)![0]);
    groups.set(root, [...(groups.get(root) ?? []), name]);
  }
  return [...groups].flatMap(([root, layers]) => {
    const members = tensors.get(root)!;
    const free = orderedClasses(members, classes).filter((number) => !classes.fixed[number]);
    const name = layers.find((layer) => !inserted.has(layer)) ?? layers[0];
    return free.length === 0 ? [] : [{ name, layers, classes: free, tensors: members }];
  });
}

/** Classes by their channel in the widest tensor, then those that only narrower ones have. */
function orderedClasses(tensors: readonly string[], { of }: ChannelClasses): number[] {
  const widestFirst = [...tensors].sort((a, b) => of.get(b)!.length - of.get(a)!.length);
  return [...new Set(widestFirst.flatMap((tensor) => [...of.get(tensor)!]))];
}

/**
 * Which classes stay where some layers keep only some of their output channels.
 *
 * @returns 1 for each class that stays.
 */
export function keptClasses(classes: ChannelClasses, keptChannels: ReadonlyMap<string, readonly number[]>): Uint8Array {
  const kept = new Uint8Array(classes.count).fill(1);
  for (const [layer, channels] of keptChannels) {
    const own = classes.of.get(layer);
    assert(own, `no layer ${layer}`);
    for (const number of own) kept[number] = 0;
    for (const channel of channels) kept[own[channel]] = 1;
  }
  return kept;
}
