import { BitbudgetError } from '../../core/errors.ts';
import { type ChannelGroup, channelGroups } from '../../network/reduce/index.ts';
import type { Network } from '../../network/types.ts';
import type { Gene } from '../space.ts';
import { chosen, type KeepConfig } from '../space-config.ts';
import type { GenePart, Ground } from './part.ts';

/** A group with its classes by importance, and those of each of its tensors: none of them may be emptied. */
interface RankedGroup {
  group: ChannelGroup;
  /** Most important first. */
  ranked: readonly number[];
  /** Of each tensor of the group, the classes in the same order. */
  tensors: readonly (readonly number[])[];
}

function rankGroups(
  ground: Ground,
  only: readonly string[] | undefined,
  rank: KeepConfig['rank'],
  taken: Set<string>,
): RankedGroup[] {
  const groups = channelGroups(ground.graph, ground.classes).filter(({ name }) => !taken.has(name));
  const names = new Set(chosen(only, [...new Set(groups.flatMap(({ layers }) => layers))], 'the channels of'));
  const own = groups.filter(({ layers }) => layers.some((layer) => names.has(layer)));
  if (own.length === 0) {
    throw new BitbudgetError('usage', 'The space has no channels to remove.', 'Name layers whose outputs may shrink.');
  }
  for (const { name } of own) taken.add(name);
  return own.map((group) => {
    const order = rank === 'norm' ? byImportance(group, ground) : group.classes;
    const place = new Map(order.map((number, i) => [number, i]));
    const tensors = group.tensors.map((tensor) =>
      [...new Set(ground.classes.of.get(tensor)!)]
        .filter((number) => place.has(number))
        .sort((a, b) => place.get(a)! - place.get(b)!),
    );
    return { group, ranked: order, tensors: tensors.filter((classes) => classes.length > 0) };
  });
}

/** Classes by the mean magnitude of the weights that produce them, largest first; by position without weights. */
function byImportance({ layers, classes }: ChannelGroup, { graph, classes: all }: Ground): number[] {
  const sums = new Map(classes.map((number) => [number, 0]));
  for (const layer of layers) {
    const norms = rowNorms(graph, layer);
    if (!norms) continue;
    for (const [channel, number] of all.of.get(layer)!.entries()) {
      if (sums.has(number)) sums.set(number, sums.get(number)! + norms[channel]);
    }
  }
  return [...classes].sort((a, b) => sums.get(b)! - sums.get(a)!); // stable: equal ones keep their order
}

/** Mean |w| of each output channel, times the factor of the batch norm behind it. */
function rowNorms(graph: Network, layer: string): Float64Array | undefined {
  const kernel = graph.weights.get(`${layer}.kernel`);
  const found = graph.layers.find(({ name }) => name === layer);
  if (!kernel || !found || !('outChannels' in found)) return undefined;
  const norm = graph.layers.find((other) => other.op === 'batchNorm' && other.inputs[0] === layer);
  const gamma = norm && graph.weights.get(`${norm.name}.gamma`);
  const variance = norm && graph.weights.get(`${norm.name}.variance`);
  const each = kernel.length / found.outChannels;
  return Float64Array.from({ length: found.outChannels }, (_, channel) => {
    let sum = 0;
    for (let k = channel * each; k < (channel + 1) * each; k++) sum += Math.abs(kernel[k]);
    const factor = gamma && variance ? Math.abs(gamma[channel]) / Math.sqrt(variance[channel] + 1e-5) : 1;
    return (sum / each) * factor;
  });
}

/** Brings back the most important class of every tensor that would be emptied. */
function fillEmpty({ tensors }: RankedGroup, removed: Uint8Array): void {
  for (const classes of tensors) {
    if (classes.every((number) => removed[number] === 1)) removed[classes[0]] = 0;
  }
}

/** A gene a group: how many of its channels stay. The most important ones do. */
export function keepPart(config: KeepConfig, ground: Ground, taken: Set<string>): GenePart {
  const groups = rankGroups(ground, config.only, config.rank, taken);
  const counts = groups.map(({ ranked }) => keepCounts(ranked.length, config));
  return {
    genes: groups.map(
      ({ group }, g): Gene => ({
        kind: 'keep',
        name: `keep/${group.name}`,
        layers: group.layers,
        choices: counts[g],
      }),
    ),
    apply(choices, { removed }) {
      for (const [g, group] of groups.entries()) {
        for (const number of group.ranked.slice(counts[g][choices[g]])) removed[number] = 1;
        fillEmpty(group, removed);
      }
    },
  };
}

/** The counts that a group may shrink to, smallest first, always at least 1. */
function keepCounts(count: number, { ratios, atLeast, multipleOf }: KeepConfig): number[] {
  const least = Math.min(multipleOf, count);
  const rounded = (share: number) =>
    Math.min(count, Math.max(least, Math.round((share * count) / multipleOf) * multipleOf));
  const found = new Set<number>();
  if (atLeast !== undefined) {
    for (let n = least; n < count; n += multipleOf) if (n >= atLeast * count) found.add(n);
    found.add(count);
  }
  for (const share of ratios ?? (atLeast === undefined ? [0.25, 0.5, 0.75, 1] : [])) found.add(rounded(share));
  return [...found].sort((a, b) => a - b);
}

/**
 * A gene for every channel: 1 keeps it, 0 removes it, by position. Groups inside blocks come first, then those that
 * blocks share, as in PruneEA.
 */
export function maskPart(
  config: { only?: readonly string[] | undefined },
  ground: Ground,
  taken: Set<string>,
): GenePart {
  const groups = rankGroups(ground, config.only, 'norm', taken);
  const shared = groups.filter((group) => isShared(group, ground));
  const ordered = [...groups.filter((group) => !shared.includes(group)), ...shared];
  const classes = ordered.flatMap(({ group }) => group.classes);
  return {
    genes: ordered.flatMap(({ group }) =>
      group.classes.map(
        (_, channel): Gene => ({
          kind: 'channel',
          name: `channel/${group.name}/${channel}`,
          layers: group.layers,
          choices: [0, 1],
        }),
      ),
    ),
    apply(choices, { removed }) {
      for (const [g, number] of classes.entries()) if (choices[g] === 0) removed[number] = 1;
      for (const group of ordered) fillEmpty(group, removed);
    },
    canonical: (_, { removed, gone }) =>
      ordered.flatMap(({ group }) => {
        const absent = group.layers.every((layer) => gone.has(layer));
        return group.classes.map((number) => (absent ? 1 : 1 - removed[number]));
      }),
  };
}

/** Whether more than the layers of one block read or write a group: the nodes between blocks. */
function isShared({ group }: RankedGroup, { graph }: Ground): boolean {
  const additions = new Set(
    graph.layers.filter(({ op }) => op === 'add').flatMap(({ name, inputs }) => [name, ...inputs]),
  );
  const first = graph.layers.find(({ op }) => op === 'conv2d' || op === 'dense');
  return group.name === first?.name || group.tensors.some((tensor) => additions.has(tensor));
}
