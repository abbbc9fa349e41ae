import { BitbudgetError } from '../../core/errors.ts';
import { Random } from '../../core/random.ts';
import { type Preset, PUBLISHED_MEASURES } from './preset.ts';

/** Published: 31 generations of 32 after 64 random candidates. */
const RANDOM = 64;
const GENERATIONS = 31;
const CHILDREN = 32;
/** Shares of channels that random candidates keep, in sixteenths: drawn evenly from here to all. */
const LEAST_KEPT = 4;

/**
 * PruneEA of Huawei's Vega: a 0/1 gene for every output channel of a residual network, those inside blocks first, then
 * those of the nodes between stages; the first node may differ from the rest of its stage, at the price of a 1×1
 * shortcut. Objectives are accuracy, FLOPs and parameters. What its code did wrong is not repeated, see docs/presets.md.
 */
export const PRUNE_EA: Preset = {
  name: 'prune-ea',
  summary: 'PruneEA (Vega): a mask over the channels of a residual network in f32, 1056 evaluations',
  network: 'resnet20',
  space({ name, layers }) {
    const additions = layers.filter(({ op }) => op === 'add');
    if (additions.length === 0) {
      const problem = `${name} has no residual additions, which PruneEA's nodes are about.`;
      throw new BitbudgetError('usage', problem, 'Use a ResNet, or --space with `masks: {}` for any network.');
    }
    // parameter-free shortcuts tie all stages: there is no node to part
    const parted = layers.every(({ op }) => op !== 'subsample');
    return { name: 'prune-ea', scheme: 'f32', masks: {}, ...(parted && { pickAt: [additions[0].name] }) };
  },
  settings: {
    population: CHILDREN,
    evaluations: RANDOM + GENERATIONS * CHILDREN,
    objectives: ['accuracy', 'flops', 'weightedParameters'],
    algorithm: 'nsga3',
  },
  initial(space, seed) {
    const random = new Random(seed);
    return Array.from({ length: RANDOM }, () => {
      // even coins would keep half of all channels in every candidate: let candidates differ in how much they keep
      const kept = LEAST_KEPT + random.below(17 - LEAST_KEPT);
      return space.genes.map(() => (random.below(16) < kept ? 1 : 0));
    });
  },
  measures: PUBLISHED_MEASURES,
};
