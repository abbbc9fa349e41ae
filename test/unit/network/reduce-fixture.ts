import type { Random } from '../../../src/core/random.ts';
import {
  type ChannelGroup,
  channelClasses,
  channelGroups,
  insertShortcuts,
  keptByTensor,
  NO_REDUCTION,
  type Reduction,
  residualStages,
} from '../../../src/network/reduce/index.ts';
import { canCrop } from '../../../src/network/reduce/kernels.ts';
import type { Network } from '../../../src/network/types.ts';

/** Keeps a random share of a group's channels, at least one in every tensor. */
function drawKept(network: Network, group: ChannelGroup, random: Random): Set<number> {
  const { of } = channelClasses(network);
  const share = 0.2 + 0.8 * random.real();
  const kept = new Set(group.classes.filter(() => random.chance(share)));
  for (const tensor of group.tensors) {
    const own = [...of.get(tensor)!];
    if (!own.some((number) => kept.has(number))) kept.add(own[random.below(own.length)]);
  }
  return kept;
}

/** A random reduction of everything that a network lets be reduced. */
export function drawReduction(network: Network, random: Random, additions: readonly string[] = []): Reduction {
  const droppedBlocks = residualStages(network).flatMap(({ blocks }) =>
    blocks.slice(blocks.length - random.below(blocks.length + 1)).map(({ name }) => name),
  );
  const kernels = new Map<string, number>();
  for (const layer of network.layers) {
    if (layer.op === 'conv2d' && layer.kernel[0] > 1 && canCrop(layer, layer.kernel[0] - 2) && random.chance(0.3)) {
      kernels.set(layer.name, layer.kernel[0] - 2);
    }
  }
  const graph = insertShortcuts(network, additions);
  const { of } = channelClasses(graph);
  const keptChannels = new Map<string, number[]>();
  for (const group of channelGroups(graph)) {
    const kept = drawKept(graph, group, random);
    for (const layer of group.layers) {
      const own = of.get(layer)!;
      keptChannels.set(
        layer,
        [...own.keys()].filter((channel) => kept.has(own[channel])),
      );
    }
  }
  return { droppedBlocks, shortcuts: additions, kernels, keptChannels };
}

/** The whole network with the weights of removed channels, and with them those channels, at zero. */
export function maskNetwork(network: Network, keptChannels: Reduction['keptChannels']): Network {
  const keptOf = keptByTensor(network, keptChannels);
  const { of } = channelClasses(network);
  const weights: Network['weights'] = new Map();
  for (const [tensor, values] of network.weights) {
    const layer = tensor.slice(0, tensor.lastIndexOf('.'));
    const kept = new Set(keptOf(layer));
    const channels = of.get(layer)!.length;
    const each = values.length / channels;
    weights.set(
      tensor,
      values.map((value, i) => (kept.has(Math.floor(i / each)) || tensor.endsWith('.variance') ? value : 0)),
    );
  }
  return { ...network, weights };
}

export function onlyChannels({ keptChannels }: Reduction): Reduction {
  return { ...NO_REDUCTION, keptChannels };
}
