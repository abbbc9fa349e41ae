import { inferShapes } from '../shapes.ts';
import type { Layer, Network } from '../types.ts';
import { dropBlocks } from './blocks.ts';
import { cropKernels } from './kernels.ts';
import { additionOfShortcut, insertShortcuts, shortcutName } from './shortcuts.ts';
import { keptByTensor, slimNetwork } from './slim.ts';

/** What is taken from a network to make it smaller; names are those of the unfolded network. */
export interface Reduction {
  /** Residual blocks that are left out, by their additions. */
  readonly droppedBlocks: readonly string[];
  /** Additions whose sides may keep different channels. */
  readonly shortcuts: readonly string[];
  /** Side of a square window, by convolution. */
  readonly kernels: ReadonlyMap<string, number>;
  /** Output channels that stay, by layer. */
  readonly keptChannels: ReadonlyMap<string, readonly number[]>;
}

/** Takes nothing away. */
export const NO_REDUCTION: Reduction = {
  droppedBlocks: [],
  shortcuts: [],
  kernels: new Map(),
  keptChannels: new Map(),
};

/** Whether a reduction leaves a network as it is. */
export function isWhole({ droppedBlocks, shortcuts, kernels, keptChannels }: Reduction): boolean {
  return droppedBlocks.length + shortcuts.length + kernels.size + keptChannels.size === 0;
}

/**
 * The network that is left: blocks dropped, windows cropped, channels removed. Entries for layers of dropped blocks have
 * no effect, and a shortcut whose sides keep the same channels is left out.
 *
 * @param network unfolded, with or without weights.
 * @throws {BitbudgetError} `usage` where the parts of a reduction do not fit the network or each other.
 * @example reduceNetwork({ name: 'n', inputShape: [1, 1, 1], preprocessing: { mean: [0], std: [1] }, layers: [], weights: new Map() }, NO_REDUCTION).layers // => []
 */
export function reduceNetwork(network: Network, reduction: Reduction): Network {
  if (isWhole(reduction)) return network;
  const whole = new Set(network.layers.map(({ name }) => name));
  const shallow = dropBlocks(asReals(network), reduction.droppedBlocks);
  const names = new Set(shallow.layers.map(({ name }) => name));
  const gone = (layer: string) => {
    const name = whole.has(layer) ? layer : (additionOfShortcut(layer) ?? layer);
    return whole.has(name) && !names.has(name);
  };
  const shortcuts = reduction.shortcuts.filter((name) => !gone(name));
  const kernels = new Map([...reduction.kernels].filter(([name]) => !gone(name)));
  const keptChannels = new Map([...reduction.keptChannels].filter(([name]) => !gone(name)));
  const needed = neededShortcuts(shallow, shortcuts, keptChannels);
  const present = new Set(needed.map(shortcutName));
  const skipped = new Set(shortcuts.map(shortcutName).filter((name) => !present.has(name)));
  for (const name of skipped) keptChannels.delete(name);
  return slimNetwork(cropKernels(insertShortcuts(shallow, needed), kernels), keptChannels);
}

/** An imported integer model by its weights' real values: with other layers around them its integers no longer hold. */
function asReals(network: Network): Network {
  if (!network.quantization) return network;
  const { quantization: _, ...rest } = network;
  const layers = network.layers.map((layer) => {
    const { stored: __, ...plain } = layer;
    return plain as Layer;
  });
  return { ...rest, layers };
}

/** Those of the shortcuts whose two ends keep different channels. */
function neededShortcuts(
  network: Network,
  shortcuts: readonly string[],
  keptChannels: ReadonlyMap<string, readonly number[]>,
): string[] {
  if (shortcuts.length === 0) return [];
  const graph = insertShortcuts({ ...network, weights: new Map() }, shortcuts);
  const keptOf = keptByTensor(graph, keptChannels);
  const inputs = new Map(graph.layers.map((layer) => [layer.name, layer.inputs[0]]));
  return shortcuts.filter((addition) => {
    const shortcut = shortcutName(addition);
    return keptOf(shortcut).join() !== keptOf(inputs.get(shortcut)!).join();
  });
}

/** A layer of a candidate as files hold it. */
export interface ReducedLayer {
  name: string;
  outChannels: number;
  keptChannels?: readonly number[];
  /** Side of a cropped window. */
  kernel?: number;
}

/**
 * The layers with weights of a reduced network, as files hold them: channels are listed where some were removed, a
 * window where it was cropped.
 *
 * @param reduced what {@link reduceNetwork} made of `network`, or its folded form.
 */
export function describeReduction(network: Network, reduction: Reduction, reduced: Network): ReducedLayer[] {
  const shapes = inferShapes(reduced);
  const shallow = dropBlocks({ ...network, weights: new Map() }, reduction.droppedBlocks);
  const present = new Set(reduced.layers.map(({ name }) => name));
  const shortcuts = reduction.shortcuts.filter((name) => present.has(shortcutName(name)));
  const graph = insertShortcuts(shallow, shortcuts);
  const kept = new Map([...reduction.keptChannels].filter(([name]) => present.has(name)));
  const keptOf = keptByTensor(graph, kept);
  const original = new Map(graph.layers.map((layer) => [layer.name, layer]));
  return reduced.layers.flatMap((layer) => {
    if (layer.op !== 'conv2d' && layer.op !== 'dense') return [];
    const before = original.get(layer.name)!;
    const outChannels = shapes.get(layer.name)![2];
    const removed = 'outChannels' in before && before.outChannels > outChannels;
    const cropped = layer.op === 'conv2d' && before.op === 'conv2d' && before.kernel[0] > layer.kernel[0];
    return [
      {
        name: layer.name,
        outChannels,
        ...(removed && { keptChannels: keptOf(layer.name) }),
        ...(cropped && { kernel: layer.kernel[0] }),
      },
    ];
  });
}
