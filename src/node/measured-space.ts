import { createDesignKeys } from '../cost/design-costs.ts';
import type { MeasuredSpace } from '../measure/space/sample-space.ts';
import type { Network } from '../network/types.ts';
import { choiceCounts, createSearchSpace, reachableWorkloads, type SpaceConfigInput } from '../space/index.ts';

/**
 * A search space as measuring sees it.
 *
 * @param network unfolded; its weights decide which channels stay.
 * @throws {BitbudgetError} `usage` for a configuration that does not fit the network, `unsupported` for a space of more
 * shapes than can be listed.
 */
export function measuredSpace(network: Network, config: SpaceConfigInput): MeasuredSpace {
  const space = createSearchSpace(network, config);
  const keysOf = createDesignKeys(network);
  return {
    counts: choiceCounts(space),
    decode: (genome) => space.decode(genome),
    keysOf: (genome) => keysOf(space.decode(genome)),
    reachable: reachableWorkloads(network, space),
  };
}
