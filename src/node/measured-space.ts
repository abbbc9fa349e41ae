import { createDesignKeys } from '../cost/design-costs.ts';
import type { MeasuredSpace } from '../measure/space/sample-space.ts';
import type { Network } from '../network/types.ts';
import { choiceCounts, createSearchSpace, reachableWorkloads, type SpaceConfigInput } from '../space/index.ts';

/** Every count of channels from one up, as a share that is too small to leave any out. */
const EVERY_COUNT = 1e-9;

/**
 * A search space as measuring sees it. Time depends on how many channels a layer keeps, not on which: masks over channels
 * become one gene a group of layers with every count, so that each count is drawn as often as any other.
 *
 * @param network unfolded; its weights decide which channels stay.
 * @throws {BitbudgetError} `usage` for a configuration that does not fit the network, `unsupported` for a space of more
 * shapes than can be listed.
 */
export function measuredSpace(network: Network, config: SpaceConfigInput): MeasuredSpace {
  const reachable = reachableWorkloads(network, createSearchSpace(network, config));
  const space = createSearchSpace(network, countedChannels(config));
  const keysOf = createDesignKeys(network);
  const keepGenes = new Map(space.genes.flatMap(({ kind, name }, gene) => (kind === 'keep' ? [[name, gene]] : [])));
  return {
    counts: choiceCounts(space),
    decode: (genome) => space.decode(genome),
    keysOf: (genome) => keysOf(space.decode(genome)),
    reachable,
    settingsOf: (key) =>
      [...(reachable.get(key)?.kept ?? [])].flatMap(([group, kept]) => {
        const gene = keepGenes.get(`keep/${group}`);
        const choice = gene === undefined ? -1 : space.genes[gene].choices.indexOf(kept);
        return choice < 0 ? [] : [{ gene: gene!, choice }];
      }),
  };
}

function countedChannels({ masks, keep, ...rest }: SpaceConfigInput): SpaceConfigInput {
  if (!masks) return { ...rest, ...(keep && { keep }) };
  const own = Array.isArray(keep) ? keep : keep ? [keep] : [];
  return { ...rest, keep: [...own, { ...masks, atLeast: EVERY_COUNT }] };
}
